-- Checks the views against a small office worked by hand. In a fresh database:
--   psql -v ON_ERROR_STOP=1 -f sql/0001_ledger.sql -f sql/views.sql -f sql/roles.sql -f Tests/sql/views-check.sql
-- Everything is rolled back at the end; the first figure that differs stops it. It ends with times over 200,000 cells;
-- -v cells_from=2025-12-01 makes fewer of them, where only the plans are asked for.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?cells_from}
\else
  \set cells_from 2022-01-03
\endif
\pset tuples_only on
\o /dev/null
BEGIN;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

-- ------------------------------------------------------------------------------------------------- the calendar

-- November 2026 in Shanghai; the 1st is a Sunday. Mon–Fri 08:30–12:00 and 14:30–17:30, 6.5 h = 23,400 s a day.
-- Days worked through: Mon 2 = 1, Tue 3 = 2, Wed 4 = 3, Thu 5 = 4, Fri 6 = 5, Mon 9 = 6, Tue 10 = 7, Wed 11 = 8,
-- Thu 12 = 9, Fri 13 = 10, Mon 16 = 11, Tue 17 = 12, Wed 18 = 13. `short` is the same up to Tue 10.
INSERT INTO bizclock.calendar_day
  (calendar, date, worked_through, office_before_us, midnight, next_midnight, close_at, worked, published, kind, name,
   opens, closes)
SELECT
  c.id, d.date,
  sum(d.worked::integer) OVER w,
  (sum(d.worked::integer) OVER w - d.worked::integer) * 23400000000,
  d.date::timestamp AT TIME ZONE 'Asia/Shanghai', (d.date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai',
  (d.date + '17:30'::time) AT TIME ZONE 'Asia/Shanghai',
  d.worked, d.date < '2026-11-28', CASE WHEN d.worked THEN 'workday' ELSE 'weekend' END, NULL,
  '{}', '{}'
FROM (VALUES ('cn', '2026-11-30'::date), ('short', '2026-11-10')) AS c (id, last)
CROSS JOIN LATERAL (
  SELECT g::date AS date, extract(isodow FROM g) <= 5 AS worked
  FROM generate_series('2026-11-01'::timestamp, c.last, '1 day') g
) d
WINDOW w AS (PARTITION BY c.id ORDER BY d.date);
UPDATE bizclock.calendar_day SET
  opens = ARRAY[midnight + interval '8.5 h', midnight + interval '14.5 h'],
  closes = ARRAY[midnight + interval '12 h', midnight + interval '17.5 h']
WHERE worked;
-- One day open to the end: 24:00 is not 00:00.
INSERT INTO bizclock.calendar_day
VALUES ('night', '2026-11-12', 1, 0, '2026-11-12 00:00+08', '2026-11-13 00:00+08', '2026-11-13 00:00+08', true, true,
  'workday', '夜市',
  ARRAY['2026-11-12 20:00+08'::timestamptz], ARRAY['2026-11-13 00:00+08'::timestamptz]);
INSERT INTO bizclock.calendar VALUES ('cn', 'Asia/Shanghai'), ('short', 'Asia/Shanghai'), ('night', 'Asia/Shanghai');

INSERT INTO bizclock.commitment_version
  (commitment, version_from, kind, process, calendar, ordinal, limit_text, limit_unit, limit_amount, legal_text,
   day_end, start_rule, compression, title_en, title_zh, basis)
VALUES
  ('opening', '2018-01-01', 'time', 'opening', 'cn', 1, '5 working_days', 'working_days', 5, NULL, 'close', 'as_is', NULL,
   'Business opening', '企业开办', NULL),
  ('opening', '2019-01-01', 'time', 'opening', 'cn', 1, '2 working_days', 'working_days', 2, '5 working_days',
   'close', 'as_is', 0.6,
   'Business opening', '企业开办', 'a notice'),
  ('dereg_notice', '2019-01-01', 'time', 'deregistration', 'cn', 2, '7 calendar_days', 'calendar_days', 7, NULL,
   'midnight', 'as_is', NULL, NULL, NULL, NULL);
INSERT INTO bizclock.commitment_version
  (commitment, version_from, kind, process, calendar, ordinal, title_en, title_zh, target, period)
VALUES
  ('online_tax', '1970-01-01', 'share', 'opening', 'cn', 3, 'Online tax handling', '网上办税使用率', 0.90, 'month'),
  ('all_online', '1970-01-01', 'share', 'opening', 'cn', 4, NULL, NULL, 1, 'quarter'),
  ('third', '1970-01-01', 'share', 'opening', 'none', 5, NULL, NULL, 0.333333, 'year');

-- --------------------------------------------------------------------------------------------------- the clocks

-- Now is Thu 12, 10:00: office time before it 8 × 23,400 + 1.5 h = 192,600 s.
SET LOCAL bizclock.now = '2026-11-12 10:00+08';

INSERT INTO bizclock.case_file
  (case_id, events, process, region, grid, service_window, channel, entity_name, entity_type, tags, report_tag,
    may_be_individual)
SELECT
  id, 2, process, '469005100', 'g1', 'w1', 'online', 'Name of ' || id, type, tags, tags[1],
  coalesce(type = 'individual', false)
FROM (VALUES
  ('on-time', 'opening', 'enterprise', ARRAY['assisted']), ('late', 'opening', 'enterprise', NULL),
  ('premature', 'deregistration', 'enterprise', NULL), ('overdue', 'opening', 'enterprise', NULL),
  ('soon', 'opening', 'individual', NULL), ('paused', 'opening', NULL, NULL),
  ('cancelled', 'opening', 'enterprise', NULL), ('notice', 'deregistration', 'enterprise', NULL),
  ('resumed', 'opening', 'enterprise', NULL), ('held', 'opening', 'enterprise', NULL),
  ('ahead', 'opening', 'enterprise', NULL), ('nowhere', 'opening', 'enterprise', NULL),
  ('beyond', 'opening', 'enterprise', NULL), ('grace', 'deregistration', 'enterprise', NULL),
  ('three', 'opening', 'enterprise', NULL)
) AS f (id, process, type, tags);

INSERT INTO bizclock.clock
  (case_id, commitment, round, version_from, started_at, started_received_at, due_at, due_day, stopped_at,
   stopped_day, mark_at, mark_day, mark_office_us, working_us, elapsed_us, paused_us, overrun_us, counted_days,
   overrun_days, extended_days, provisional, breached, early, history, state, verdict, outcome, calendar)
SELECT
  id, commitment, 1, '2019-01-01', started, started, due, due_day, stopped,
  (stopped AT TIME ZONE 'Asia/Shanghai')::date, mark, (mark AT TIME ZONE 'Asia/Shanghai')::date,
  mark_office * 1000000, working * 1000000, elapsed * 1000000, paused * 1000000, overrun * 1000000, counted,
  overrun_days, 0, false, breached, early, false, state, verdict, outcome, calendar
FROM (VALUES
  -- Mon 2 09:00 to Tue 3 15:00, due Wed 4: 6 h and 4 h of office time.
  ('on-time', 'opening', '2026-11-02 09:00+08'::timestamptz, '2026-11-04 17:30+08'::timestamptz, '2026-11-04'::date,
   '2026-11-03 15:00+08'::timestamptz, '2026-11-03 15:00+08'::timestamptz, 37800::bigint, 36000::bigint,
   108000::bigint, 0::bigint, NULL::bigint, 1, NULL::integer, false, true, 'stopped', 'on_time', 'completed', 'cn'),
  -- Mon 2 09:00 to Fri 6 09:30, due Wed 4 17:30: 40 h late, Thu 5 and Fri 6.
  ('late', 'opening', '2026-11-02 09:00+08', '2026-11-04 17:30+08', '2026-11-04',
   '2026-11-06 09:30+08', '2026-11-06 09:30+08', 97200, 95400, 347400, 0, 144000, 4, 2, false, false,
   'stopped', 'late', 'rejected', 'cn'),
  ('premature', 'dereg_notice', '2026-11-02 09:00+08', '2026-11-10 08:00+08', '2026-11-09',
   '2026-11-05 09:00+08', '2026-11-05 09:00+08', 72000, 70200, 259200, 0, NULL, 3, NULL, false, false,
   'stopped', 'premature', 'notice_ended', 'cn'),
  -- Mon 9 10:00, due Wed 11 17:30. Office time before its mark: 5 × 23,400 + 5,400 = 122,400 s.
  ('overdue', 'opening', '2026-11-09 10:00+08', '2026-11-11 17:30+08', '2026-11-11',
   NULL, '2026-11-09 10:00+08', 122400, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn'),
  -- Wed 11 16:00, due Fri 13 17:30. Mark: 7 × 23,400 + 5 h = 181,800 s.
  ('soon', 'opening', '2026-11-11 16:00+08', '2026-11-13 17:30+08', '2026-11-13',
   NULL, '2026-11-11 16:00+08', 181800, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn'),
  -- Mon 9 09:00, correction asked Tue 10 11:00: 6 h and 2.5 h of office time, Tuesday suspended.
  ('paused', 'opening', '2026-11-09 09:00+08', NULL, NULL,
   NULL, '2026-11-10 11:00+08', 149400, 30600, 93600, 0, NULL, 0, NULL, false, false, 'paused', NULL, NULL, 'cn'),
  ('cancelled', 'opening', '2026-11-02 09:00+08', NULL, NULL,
   '2026-11-06 09:30+08', '2026-11-06 09:30+08', 97200, 95400, 347400, 0, NULL, 4, NULL, true, false,
   'cancelled', NULL, 'withdrawn', 'cn'),
  -- A notice from Wed 11 09:00; its last day is Wed 18, taken down by 08:00 the next morning.
  ('notice', 'dereg_notice', '2026-11-11 09:00+08', '2026-11-19 08:00+08', '2026-11-18',
   NULL, '2026-11-11 09:00+08', 165600, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn'),
  -- Due Wed 4 17:30, paused Thu 5 09:00 to Mon 9 09:00: up to its mark no day past the due day was counted.
  ('resumed', 'opening', '2026-11-02 09:00+08', '2026-11-04 17:30+08', '2026-11-04',
   NULL, '2026-11-09 09:00+08', 118800, 70200, 604800, 345600, NULL, 2, 0, false, false,
   'running', NULL, NULL, 'cn'),
  -- Due Wed 4 17:30, paused since Fri 6 10:00; the row does not tell the overrun.
  ('held', 'opening', '2026-11-02 09:00+08', '2026-11-04 17:30+08', '2026-11-04',
   NULL, '2026-11-06 10:00+08', 99000, 97200, 349200, 0, NULL, 3, NULL, false, false, 'paused', NULL, NULL, 'cn'),
  -- An hour ahead of now.
  ('ahead', 'opening', '2026-11-12 11:00+08', '2026-11-16 17:30+08', '2026-11-16',
   NULL, '2026-11-12 11:00+08', 196200, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn'),
  -- Extended: three worked days left, Fri 13, Mon 16, Tue 17.
  ('three', 'opening', '2026-11-12 09:00+08', '2026-11-17 17:30+08', '2026-11-17',
   NULL, '2026-11-12 09:00+08', 189000, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn'),
  -- A calendar without days, and one that ends before today.
  ('nowhere', 'opening', '2026-11-12 09:00+08', '2026-11-16 17:30+08', '2026-11-16',
   NULL, '2026-11-12 09:00+08', 0, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'none'),
  ('beyond', 'opening', '2026-11-09 10:00+08', '2026-11-11 17:30+08', '2026-11-11',
   NULL, '2026-11-09 10:00+08', 122400, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'short'),
  -- The due day, Wed 11, is past, but not the grace: Thu 12 10:00 sharp.
  ('grace', 'dereg_notice', '2026-11-04 09:00+08', '2026-11-12 10:00+08', '2026-11-11',
   NULL, '2026-11-04 09:00+08', 48600, 0, 0, 0, NULL, 0, NULL, false, false, 'running', NULL, NULL, 'cn')
) AS c (id, commitment, started, due, due_day, stopped, mark, mark_office, working, elapsed, paused, overrun, counted,
  overrun_days, breached, early, state, verdict, outcome, calendar);

-- Expectations are compared whole, null with null.
CREATE FUNCTION pg_temp.expect(what text, got anyelement, wanted anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  ASSERT got IS NOT DISTINCT FROM wanted, format('%s: got %s, wanted %s', what, got, wanted);
END
$$;

SELECT pg_temp.expect('now is the setting', dashboard.now(), '2026-11-12 10:00+08'::timestamptz);

SELECT pg_temp.expect('measures of ' || w.id,
  format('%s %s %s %s %s %s', c.counted_days, c.working_seconds, c.elapsed_seconds, c.paused_seconds,
    coalesce(c.overrun_seconds::text, '-'), coalesce(c.overrun_days::text, '-')), w.figures)
FROM (VALUES
  ('on-time', '1 36000.000000 108000.000000 0.000000 - -'),
  ('late', '4 95400.000000 347400.000000 0.000000 144000.000000 2'),
  ('premature', '3 70200.000000 259200.000000 0.000000 - -'),
  -- 9 − 6 days; 192,600 − 122,400 s = three office days; 72 h; from Wed 17:30 16.5 h, Thursday.
  ('overdue', '3 70200.000000 259200.000000 0.000000 59400.000000 1'),
  -- Thursday; 1.5 h of Wednesday and 1.5 h of Thursday; 18 h.
  ('soon', '1 10800.000000 64800.000000 0.000000 - -'),
  -- The office time stands; 26 h and 47 h; 47 h in pause.
  ('paused', '0 30600.000000 262800.000000 169200.000000 - -'),
  ('cancelled', '4 95400.000000 347400.000000 0.000000 - -'),
  -- One calendar day; 192,600 − 165,600 s; 25 h.
  ('notice', '1 27000.000000 90000.000000 0.000000 - -'),
  -- 2 + Tue, Wed, Thu; 70,200 + 192,600 − 118,800 s; 604,800 s + 73 h; due since 7 d 16.5 h; 0 + Tue, Wed, Thu.
  ('resumed', '5 144000.000000 867600.000000 345600.000000 664200.000000 3'),
  -- Nothing runs since Friday; 349,200 s + 6 d; only Thu 5 lies after the due day and before the pause's day.
  ('held', '3 97200.000000 867600.000000 518400.000000 664200.000000 1'),
  ('ahead', '0 0.000000 0.000000 0.000000 - -'),
  ('grace', '8 144000.000000 694800.000000 0.000000 - -'),
  -- What needs the calendar is null, the rest is not.
  ('nowhere', '  3600.000000 0.000000 - -'),
  ('beyond', '  259200.000000 0.000000 59400.000000 -')
) AS w (id, figures)
LEFT JOIN dashboard.clock c ON c.case_id = w.id;

SELECT pg_temp.expect('clock, attributes',
  format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', c.process, c.commitment, c.round, c.version_from, c.region, c.grid,
    c.channel, c.entity_type, c.service_window, c.tags, c.report_tag, c.limit_text),
  'opening|opening|1|2019-01-01|469005100|g1|online|enterprise|w1|{assisted}|assisted|2 working_days')
FROM dashboard.clock c WHERE c.case_id = 'on-time';
SELECT pg_temp.expect('clock, verdicts',
  string_agg(format('%s %s %s %s', c.case_id, c.verdict, c.breached, c.early), ', ' ORDER BY c.case_id),
  'cancelled  t f, late late f f, on-time on_time f t, premature premature f f')
FROM dashboard.clock c WHERE c.state IN ('stopped', 'cancelled');

-- Longest overdue first: held and resumed were due at one instant.
SELECT pg_temp.expect('overdue, in order',
  (SELECT array_agg(format('%s %s %s', o.case_id, o.overdue_seconds, coalesce(o.overdue_working_days::text, '-')))
    FROM dashboard.overdue o),
  ARRAY['held 664200.000000 6', 'resumed 664200.000000 6', 'beyond 59400.000000 -', 'overdue 59400.000000 1']);
-- At its due instant a clock is not overdue; three worked days left are not soon; nowhere cannot tell.
SELECT pg_temp.expect('due soon, in order',
  (SELECT array_agg(format('%s %s %s', d.case_id, d.remaining_seconds, d.remaining_working_days))
    FROM dashboard.due_soon d),
  ARRAY['grace 0.000000 0', 'soon 113400.000000 1', 'ahead 372600.000000 2']);
SELECT pg_temp.expect('open clocks, in order',
  (SELECT array_agg(format('%s %s %s %s %s', o.case_id, coalesce(o.remaining_seconds::text, '-'),
      coalesce(o.remaining_working_days::text, '-'), coalesce(o.overdue_seconds::text, '-'),
      coalesce(o.overdue_working_days::text, '-')))
    FROM dashboard.open_clock o),
  ARRAY['held - - 664200.000000 6', 'resumed - - 664200.000000 6', 'beyond - - 59400.000000 -',
    'overdue - - 59400.000000 1', 'grace 0.000000 0 - -', 'soon 113400.000000 1 - -', 'ahead 372600.000000 2 - -',
    'nowhere 372600.000000 - - -', 'three 459000.000000 3 - -', 'notice 597600.000000 4 - -', 'paused - - - -']);

-- Before the office opens, in the break, at the close, after it, and on a Sunday (two days and a half later).
DO $$
DECLARE
  w record;
BEGIN
  FOR w IN
    SELECT v.at, v.seconds
    FROM (VALUES
      ('2026-11-12 08:00+08', 5400.000000), ('2026-11-12 13:00+08', 18000.000000),
      ('2026-11-12 17:30+08', 28800.000000), ('2026-11-12 23:59+08', 28800.000000),
      ('2026-11-15 12:00+08', 52200.000000)) AS v (at, seconds)
  LOOP
    PERFORM set_config('bizclock.now', w.at, true);
    PERFORM pg_temp.expect('office time at ' || w.at, c.working_seconds, w.seconds)
      FROM dashboard.clock c WHERE c.case_id = 'soon';
  END LOOP;
  PERFORM set_config('bizclock.now', '', true);
  PERFORM pg_temp.expect('now without the setting', dashboard.now(), now());
  PERFORM set_config('bizclock.now', '2026-11-12 10:00+08', true);
END
$$;

-- ------------------------------------------------------------------------------------------------------ regions

INSERT INTO bizclock.region (code, name, name_en)
VALUES ('46', '海南省', 'Hainan'), ('4690', '省直辖县级行政区划', NULL), ('469005', '文昌市', 'Wenchang'),
  ('469005100', '文城镇', 'Wencheng Town'), ('460105', '秀英区', NULL), ('469005101201', '一社区', NULL);
SELECT pg_temp.expect('regions',
  array_agg(format('%s %s %s|%s %s|%s %s %s', r.code, r.name, coalesce(r.name_en, '-'), coalesce(r.parent, '-'),
    coalesce(r.parent_name, '-'), r.level, r.unit, r.digits) ORDER BY r.code),
  ARRAY['46 海南省 Hainan|- -|1 province 2', '460105 秀英区 -|4601 -|3 county 6',
    '4690 省直辖县级行政区划 -|46 海南省|2 prefecture 4', '469005 文昌市 Wenchang|4690 省直辖县级行政区划|3 county 6',
    '469005100 文城镇 Wencheng Town|469005 文昌市|4 town 9', '469005101201 一社区 -|469005101 -|5 community 12'])
FROM dashboard.region r;

-- The region's own name, else that of the town or the county around it.
CREATE TEMPORARY TABLE moved AS SELECT f.case_id, f.region FROM bizclock.case_file f;
UPDATE bizclock.case_file f SET region = w.region
FROM (VALUES ('held', '469005100123'), ('resumed', '469005101201'), ('beyond', '469005116'), ('overdue', NULL),
  ('grace', '110101001'), ('soon', '469005')) AS w (id, region)
WHERE f.case_id = w.id;
SELECT pg_temp.expect('names of regions, overdue',
  (SELECT array_agg(format('%s %s', o.case_id, coalesce(o.region_name, '-'))) FROM dashboard.overdue o),
  ARRAY['held 文城镇', 'resumed 一社区', 'beyond 文昌市', 'overdue -']);
SELECT pg_temp.expect('names of regions, open',
  (SELECT array_agg(format('%s %s', o.case_id, coalesce(o.region_name, '-')) ORDER BY o.case_id)
    FROM dashboard.open_clock o WHERE o.case_id IN ('grace', 'soon', 'notice')),
  ARRAY['grace -', 'notice 文城镇', 'soon 文昌市']);
UPDATE bizclock.case_file f SET region = m.region FROM moved m WHERE m.case_id = f.case_id;

-- ------------------------------------------------------------------------------------------------------- pauses

UPDATE bizclock.clock c
SET pause_kind = p.kinds, pause_from = p.began::timestamptz[], pause_to = p.ended::timestamptz[]
FROM (VALUES
  ('paused', ARRAY['correction_requested'], ARRAY['2026-11-10 11:00+08'], ARRAY[NULL]),
  ('resumed', ARRAY['suspended'], ARRAY['2026-11-05 09:00+08'], ARRAY['2026-11-09 09:00+08']),
  ('late', ARRAY['correction_requested', 'correction_requested', 'suspended'],
    ARRAY['2026-11-03 10:00+08', '2026-11-03 18:00+08', '2026-11-05 12:00+08'],
    ARRAY['2026-11-03 11:00+08', '2026-11-04 08:00+08', '2026-11-06 00:00+08']),
  ('notice', ARRAY['suspended'], ARRAY['2026-11-11 20:00+08'], ARRAY['2026-11-12 09:00+08']),
  ('premature', ARRAY['suspended'], ARRAY['2026-11-03 20:00+08'], ARRAY['2026-11-04 01:00+08'])
) AS p (id, kinds, began, ended)
WHERE c.case_id = p.id;
SELECT pg_temp.expect('pauses',
  array_agg(format('%s %s %s %s %s %s', a.case_id, a.kind, a.paused_seconds, a.working_seconds, a.suspended_days,
    coalesce(a.correction_round::text, '-')) ORDER BY a.case_id, a."from"),
  ARRAY[
    -- An hour; a night without office time; from noon to 24:00, over one close.
    'late correction_requested 3600.000000 3600.000000 0 1',
    'late correction_requested 50400.000000 0.000000 0 2',
    'late suspended 43200.000000 10800.000000 1 -',
    -- Of a calendar-day limit: over the end of Wednesday, the date of the start, which is counted for nobody, and
    -- Thursday on which time starts again, with half an hour.
    'notice suspended 46800.000000 1800.000000 1 -',
    -- Still open: 4 h of Tuesday, 6.5 h, 1.5 h; Tue, Wed, Thu.
    'paused correction_requested 169200.000000 43200.000000 3 1',
    -- Of a day that ends at 24:00, over its end; without office time the next one counts.
    'premature suspended 18000.000000 0.000000 1 -',
    -- 6 h, 6.5 h, 0.5 h; Thu, Fri, and Mon on which time starts again.
    'resumed suspended 345600.000000 46800.000000 3 -'])
FROM dashboard.pause_audit a;
-- Begun after the close of Wednesday, days are counted from Thursday, which is taken from nobody then.
SAVEPOINT after_close;
UPDATE bizclock.commitment_version SET start_rule = 'next_working_day';
UPDATE bizclock.clock SET started_at = '2026-11-04 18:00+08' WHERE case_id = 'resumed';
SELECT pg_temp.expect('days from the next worked one', a.suspended_days, 2) FROM dashboard.pause_audit a
WHERE a.case_id = 'resumed';
ROLLBACK TO after_close;

-- ------------------------------------------------------------------------------------------------------- alerts

INSERT INTO bizclock.alert
  (case_id, commitment, round, level, revision, due_at, level_at, recorded_at, logged_at, retrospective, amended_at,
   priority, change_reason, data_at)
VALUES
  ('overdue', 'opening', 1, 'red', 1, '2026-11-11 17:30+08', '2026-11-11 17:30+08', '2026-11-11 17:30:00.010+08',
   '2026-11-11 17:30:00.015+08', false, NULL, 'error', NULL, NULL),
  ('held', 'opening', 1, 'red', 1, '2026-11-11 17:30+08', '2026-11-11 17:30+08', '2026-11-11 17:30:00.030+08',
   NULL, false, NULL, 'error', NULL, NULL),
  ('late', 'opening', 1, 'red', 1, '2026-11-04 17:30+08', '2026-11-04 17:30+08', '2026-11-11 17:30:00.020+08',
   '2026-11-11 17:30:01+08', true, NULL, 'error', NULL, NULL),
  ('resumed', 'opening', 1, 'red', 2, '2026-11-04 17:30+08', '2026-11-04 17:30+08', '2026-11-11 17:30:00.020+08',
   '2026-11-11 17:30:01+08', false, '2026-11-12 09:00+08', 'error', 'late_data', NULL),
  -- Told by data of 17:45, and by a change of rules.
  ('beyond', 'opening', 1, 'red', 1, '2026-11-11 17:30+08', '2026-11-11 17:30+08', '2026-11-11 17:45:00.020+08',
   '2026-11-11 17:45:00.025+08', false, NULL, 'error', NULL, '2026-11-11 17:45+08'),
  ('three', 'opening', 1, 'red', 1, '2026-11-11 17:30+08', '2026-11-11 17:30+08', '2026-11-11 17:50+08',
   '2026-11-11 17:50:00.005+08', false, NULL, 'error', NULL, '2026-11-11 17:50+08');
SELECT pg_temp.expect('alert', format('%s %s %s %s %s %s', a.alert_id, a.priority, a.change_reason, a.region, a.grid,
  a.service_window), 'resumed/opening/1/red/2 error late_data 469005100 g1 w1')
FROM dashboard.alert a WHERE a.case_id = 'resumed';
SELECT pg_temp.expect('alerts', count(*), 6::bigint) FROM dashboard.alert;
-- Three of the six count: 10, 20 (from the coming of its data) and 30 ms; logged are 15 and 25. By nearest rank the
-- second of three is the median, and the first of two.
SELECT pg_temp.expect('detection lag', array_agg(format('%s %s %s|%s %s %s|%s %s %s %s|%s', l.hour, l.level, l.alerts,
  l.p50_ms::float8, l.p99_ms::float8, l.max_ms::float8, l.logged, l.logged_p50_ms::float8, l.logged_p99_ms::float8,
  l.logged_max_ms::float8, l.by_late_data)),
  ARRAY['2026-11-11 09:00:00+00 red 3|20 30 30|2 15 25 25|1'])
FROM dashboard.detection_lag l;

INSERT INTO bizclock.feed (name, source, last_event_at, last_received_at, received, duplicates, quarantined)
VALUES ('e-registration', 'hn-ereg', '2026-11-12 09:58+08', '2026-11-12 09:59+08', 10, 2, 1),
  ('new', 'x', NULL, NULL, 0, 0, 0);
SELECT pg_temp.expect('feeds', array_agg(format('%s %s %s', f.feed, f.received, f.lag_seconds) ORDER BY f.feed),
  ARRAY['e-registration 10 120.000000', 'new 0 '])
FROM dashboard.feed_health f;

-- ------------------------------------------------------------------------------------------------ on-time reports

-- Opening, version of 2019, region 469005100, online, enterprises:
--   Mon 2: 4 finished, 3 on time of which 2 early, 1 late; counted days 1 1 2 4; working hours 1 2 2 30
--   Tue 3: 1 finished, late; counted days 200; working hours 2
--   Mon 30: 1 finished, on time; the same but for the region, which is not known
--   Mon 9: a cell that restating has emptied
-- and December (the next month) 1 finished. By due date: 4 of November.
-- Notices: 20 on Thu 5, counted days 1 to 20: ranks 10, 18 and 19 fall on 10, 18 and 19.
CREATE TEMP TABLE given (
  day date, version_from date, finished integer, on_time integer, late integer, premature integer, early integer,
  counted_days integer, working_us bigint, elapsed_us bigint, paused_us bigint, overrun_us bigint, basis text,
  process text, commitment text, region text, channel text, entity_type text, report_tag text, outcome text,
  days_sketch bigint[], working_sketch bigint[]);
-- The cells given so far, as the leader writes them.
CREATE FUNCTION pg_temp.put_cells() RETURNS void LANGUAGE sql AS $$
  INSERT INTO bizclock.metric_series
    (version_from, basis, process, commitment, region, channel, entity_type, report_tag, outcome)
  SELECT DISTINCT version_from, basis, process, commitment, region, channel, entity_type, report_tag, outcome
  FROM pg_temp.given
  ON CONFLICT DO NOTHING;
  INSERT INTO bizclock.metric_cell
    (day, series, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us,
     overrun_us, days_sketch, working_sketch)
  SELECT g.day, s.series, g.finished, g.on_time, g.late, g.premature, g.early, g.counted_days, g.working_us,
    g.elapsed_us, g.paused_us, g.overrun_us, g.days_sketch, g.working_sketch
  FROM pg_temp.given g
  JOIN bizclock.metric_series s USING (version_from, basis, process, commitment, region, channel, entity_type,
    report_tag, outcome)
  ORDER BY g.day, s.series;
  DELETE FROM pg_temp.given;
$$;
INSERT INTO pg_temp.given
  (day, version_from, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us,
   overrun_us, basis, process, commitment, region, channel, entity_type, report_tag, outcome)
VALUES
  ('2026-11-02', '2019-01-01', 4, 3, 1, 0, 2, 8, 35 * 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '469005100', 'online', 'enterprise', '', 'completed'),
  ('2026-11-03', '2019-01-01', 1, 0, 1, 0, 0, 200, 2 * 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '469005100', 'online', 'enterprise', '', 'completed'),
  ('2026-11-30', '2019-01-01', 1, 1, 0, 0, 0, 2, 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '', 'online', 'enterprise', '', 'completed'),
  ('2026-11-09', '2019-01-01', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'stop', 'opening', 'opening',
   '469005101', 'online', 'enterprise', '', 'completed'),
  ('2026-12-01', '2019-01-01', 1, 1, 0, 0, 1, 1, 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '469005100', 'online', 'enterprise', 'assisted', 'completed'),
  ('2026-11-05', '2019-01-01', 20, 18, 0, 2, 0, 210, 20 * 3600000000, 0, 0, 0, 'stop', 'deregistration',
   'dereg_notice', '469005100', 'window', '', '', 'notice_ended'),
  ('2026-11-04', '2019-01-01', 4, 2, 1, 1, 2, 8, 35 * 3600000000, 0, 0, 0, 'due', 'opening', 'opening',
   '469005100', 'online', 'enterprise', '', 'completed');
SELECT pg_temp.put_cells();

-- The sketch as the domain lays it out: v < 64 in bucket v, else 64 buckets to each power of two.
CREATE FUNCTION pg_temp.bucket(v bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  e integer := 0;
BEGIN
  IF v < 64 THEN
    RETURN v;
  END IF;
  WHILE v >> (e + 1) > 0 LOOP
    e := e + 1;
  END LOOP;
  RETURN 64 + (e - 6) * 64 + ((v >> (e - 6)) & 63);
END
$$;

SELECT pg_temp.expect('bucket_of ' || v, bizclock.bucket_of(v), pg_temp.bucket(v))
FROM (SELECT generate_series(0::bigint, 200) AS v UNION SELECT (1.37 ^ n)::bigint FROM generate_series(0, 130) n) s;
SELECT pg_temp.expect('bucket of ' || v, bizclock.bucket_value(pg_temp.bucket(v)), v)
FROM generate_series(0::bigint, 127) v;
-- 128 and 129 share a bucket of width 2, of which 129 is the middle; 200 and 201 likewise.
SELECT pg_temp.expect('bucket of 128', bizclock.bucket_value(pg_temp.bucket(128)), 129::bigint);
SELECT pg_temp.expect('bucket of 200', bizclock.bucket_value(pg_temp.bucket(200)), 201::bigint);
SELECT pg_temp.expect('within 1/128: ' || v, abs(bizclock.bucket_value(pg_temp.bucket(v)) - v) * 128 <= v, true)
FROM (SELECT (1.37 ^ n)::bigint + 128 AS v FROM generate_series(0, 130) n) s;

CREATE FUNCTION pg_temp.sketch(of bigint[]) RETURNS bigint[] LANGUAGE sql AS $$
  SELECT array_agg(((b.bucket::bigint << 32) | b.n) ORDER BY b.bucket)
  FROM (SELECT pg_temp.bucket(v) AS bucket, count(*) AS n FROM unnest(of) v GROUP BY 1) b
$$;
UPDATE bizclock.metric_cell c
SET days_sketch = pg_temp.sketch(v.days), working_sketch = pg_temp.sketch(v.working)
FROM (VALUES
  ('2026-11-02'::date, '{1,1,2,4}'::bigint[], '{3600000000,7200000000,7200000000,108000000000}'::bigint[]),
  ('2026-11-03', '{200}', '{7200000000}'),
  ('2026-11-30', '{2}', '{3600000000}'),
  ('2026-12-01', '{1}', '{3600000000}'),
  ('2026-11-05', ARRAY(SELECT generate_series(1, 20)), NULL)
) AS v (day, days, working)
WHERE c.day = v.day;

SELECT pg_temp.expect('ranks, daily', format('%s %s %s %s %s', d.median_counted_days, d.p90_counted_days,
  d.p95_counted_days, d.premature, coalesce(d.entity_type, '-')), '10 18 19 2 -')
FROM dashboard.on_time_daily d WHERE d.commitment = 'dereg_notice';
SELECT pg_temp.expect('ranks, monthly', format('%s %s %s %s %s', m.median_counted_days, m.p90_counted_days,
  m.p95_counted_days, m.premature, coalesce(m.median_working_hours::text, '-')), '10 18 19 2 -')
FROM dashboard.on_time_monthly m WHERE m.commitment = 'dereg_notice';

-- Mon 2. Ranks of 4: median the 2nd, p90 and p95 the 4th.
SELECT pg_temp.expect('daily, day by day', array_agg(format('%s %s %s %s %s %s|%s %s %s|%s %s %s %s', d.day,
    coalesce(d.region, '-'), d.finished, d.on_time, d.late, d.early, d.on_time_rate, d.early_rate, d.compression,
    d.mean_counted_days, d.median_counted_days, d.p90_counted_days, d.p95_counted_days) ORDER BY d.day),
  ARRAY['2026-11-02 469005100 4 3 1 2|0.75 0.5 0.6|2 1 4 4', '2026-11-03 469005100 1 0 1 0|0 0 0.6|200 201 201 201',
    '2026-11-30 - 1 1 0 0|1 0 0.6|2 2 2 2', '2026-12-01 469005100 1 1 0 1|1 1 0.6|1 1 1 1'])
FROM dashboard.on_time_daily d WHERE d.commitment = 'opening';
SELECT pg_temp.expect('daily, hours', ARRAY[d.mean_working_hours, round(d.median_working_hours::numeric, 1),
    round(d.p90_working_hours::numeric), round(d.p95_working_hours::numeric)]::numeric[], ARRAY[8.75, 2.0, 30, 30])
FROM dashboard.on_time_daily d WHERE d.day = '2026-11-02';

-- November where the region is known: 1 1 2 4 200 (ranks 3, 5, 5), hours 1 2 2 2 30; mean 208/5 and 37/5.
SELECT pg_temp.expect('monthly, month by month',
  array_agg(format('%s %s %s %s %s %s %s|%s %s|%s %s %s %s|%s %s %s', m.month, coalesce(m.region, '-'),
    coalesce(m.report_tag, '-'), m.finished, m.on_time, m.late, m.premature, m.on_time_rate, m.early_rate,
    m.mean_counted_days, m.median_counted_days, m.p90_counted_days, m.p95_counted_days, m.mean_working_hours,
    round(m.median_working_hours::numeric, 1), round(m.p90_working_hours::numeric))
    ORDER BY m.month, m.region),
  ARRAY['2026-11-01 469005100 - 5 3 2 0|0.6 0.4|41.6 2 201 201|7.4 2.0 30',
    '2026-11-01 - - 1 1 0 0|1 0|2 2 2 2|1 1.0 1',
    '2026-12-01 469005100 assisted 1 1 0 0|1 1|1 1 1 1|1 1.0 1'])
FROM dashboard.on_time_monthly m WHERE m.commitment = 'opening';
SELECT pg_temp.expect('nothing finished, nothing said', count(*), 0::bigint)
FROM dashboard.on_time_monthly m WHERE m.region = '469005101';

-- All of 2019: 1 1 1 2 2 4 200: median the 4th of 7, p90 the 7th. 2018 has none; a share is no version of time.
SELECT pg_temp.expect('before and after', array_agg(format('%s %s %s %s|%s %s %s %s', b.commitment, b.version_from,
    b.limit_text, b.finished, coalesce(round(b.on_time_rate::numeric, 4)::text, '-'),
    coalesce(round(b.mean_counted_days::numeric, 4)::text, '-'), coalesce(b.median_counted_days::text, '-'),
    coalesce(b.p90_counted_days::text, '-')) ORDER BY b.commitment, b.version_from),
  ARRAY['dereg_notice 2019-01-01 7 calendar_days 20|0.9000 10.5000 10 18',
    'opening 2018-01-01 5 working_days 0|- - - -',
    'opening 2019-01-01 2 working_days 7|0.7143 30.1429 2 201'])
FROM dashboard.before_after b;

-- 4 finished and 4 open past due in November: 2 of 8 on time. `premature` is neither on time nor late.
SELECT pg_temp.expect('by due month', array_agg(format('%s %s %s %s %s %s %s %s', d.month, d.commitment, d.due,
    d.on_time, d.late, d.premature, d.open_overdue, d.on_time_rate)),
  ARRAY['2026-11-01 opening 8 2 1 1 4 0.25'])
FROM dashboard.on_time_by_due_month d;

-- ------------------------------------------------------------------------------------------------ region rollup

-- Two cells more. Of 2018, without a legal limit, in a district of another city: 5 finished, 4 on time of which 1
-- early, 1 late; 3 days and 4 h each. In a community of Wencheng: 2 finished, early; 0 and 1 days, 1 h each.
INSERT INTO pg_temp.given
  (day, version_from, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us,
   overrun_us, basis, process, commitment, region, channel, entity_type, report_tag, outcome)
VALUES
  ('2026-11-10', '2018-01-01', 5, 4, 1, 0, 1, 15, 20 * 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '460105', 'window', '', '', 'completed'),
  ('2026-11-12', '2019-01-01', 2, 2, 0, 0, 2, 1, 2 * 3600000000, 0, 0, 0, 'stop', 'opening', 'opening',
   '469005100001', 'online', '', '', 'rejected');
SELECT pg_temp.put_cells();
UPDATE bizclock.metric_cell c
SET days_sketch = pg_temp.sketch(v.days), working_sketch = pg_temp.sketch(v.working)
FROM (VALUES
  ('2026-11-10'::date, '{3,3,3,3,3}'::bigint[], array_fill(14400000000, ARRAY[5])),
  ('2026-11-12', '{0,1}', '{3600000000,3600000000}')
) AS v (day, days, working)
WHERE c.day = v.day;

-- Of 46 in November: days 0 1 1 1 2 3 3 3 3 3 4 200, hours 1 1 1 2 2 2 4 4 4 4 4 30: ranks 6, 11 and 12 of 12, means
-- 224/12 and 59/12. Of 4690 and below: days 0 1 1 1 2 4 200, hours 1 1 1 2 2 2 30: ranks 4, 7 and 7 of 7, means 209/7
-- and 39/7. A cell is in the rows of all its prefixes, the unknown region in a row of its own.
SELECT pg_temp.expect('rollup of openings',
  array_agg(format('%s %s %s %s|%s %s %s %s %s|%s %s %s|%s %s %s %s|%s %s %s %s',
    r.month, coalesce(r.region, '-'), coalesce(r.region_name, '-'), coalesce(r.digits::text, '-'),
    r.finished, r.on_time, r.late, r.premature, r.early, round(r.on_time_rate::numeric, 3),
    round(r.early_rate::numeric, 3), coalesce(round(r.compression::numeric, 3)::text, '-'),
    round(r.mean_counted_days::numeric, 2), r.median_counted_days, r.p90_counted_days, r.p95_counted_days,
    round(r.mean_working_hours::numeric, 2), round(r.median_working_hours::numeric, 1),
    round(r.p90_working_hours::numeric), round(r.p95_working_hours::numeric)) ORDER BY r.month, r.region),
  ARRAY[
    '2026-11-01 46 海南省 2|12 9 3 0 5|0.750 0.417 0.600|18.67 3 4 201|4.92 2.0 4 30',
    '2026-11-01 4601 - 4|5 4 1 0 1|0.800 0.200 -|3.00 3 3 3|4.00 4.0 4 4',
    '2026-11-01 460105 秀英区 6|5 4 1 0 1|0.800 0.200 -|3.00 3 3 3|4.00 4.0 4 4',
    '2026-11-01 4690 省直辖县级行政区划 4|7 5 2 0 4|0.714 0.571 0.600|29.86 1 201 201|5.57 2.0 30 30',
    '2026-11-01 469005 文昌市 6|7 5 2 0 4|0.714 0.571 0.600|29.86 1 201 201|5.57 2.0 30 30',
    '2026-11-01 469005100 文城镇 9|7 5 2 0 4|0.714 0.571 0.600|29.86 1 201 201|5.57 2.0 30 30',
    '2026-11-01 469005100001 - 12|2 2 0 0 2|1.000 1.000 0.600|0.50 0 1 1|1.00 1.0 1 1',
    '2026-11-01 - - -|1 1 0 0 0|1.000 0.000 0.600|2.00 2 2 2|1.00 1.0 1 1',
    '2026-12-01 46 海南省 2|1 1 0 0 1|1.000 1.000 0.600|1.00 1 1 1|1.00 1.0 1 1',
    '2026-12-01 4690 省直辖县级行政区划 4|1 1 0 0 1|1.000 1.000 0.600|1.00 1 1 1|1.00 1.0 1 1',
    '2026-12-01 469005 文昌市 6|1 1 0 0 1|1.000 1.000 0.600|1.00 1 1 1|1.00 1.0 1 1',
    '2026-12-01 469005100 文城镇 9|1 1 0 0 1|1.000 1.000 0.600|1.00 1 1 1|1.00 1.0 1 1'])
FROM dashboard.region_rollup r WHERE r.commitment = 'opening';
SELECT pg_temp.expect('rollup of notices', array_agg(format('%s %s %s %s %s %s', r.process, r.region, r.finished,
    r.premature, r.p95_counted_days, coalesce(r.compression::text, '-')) ORDER BY r.region),
  ARRAY['deregistration 46 20 2 19 -', 'deregistration 4690 20 2 19 -', 'deregistration 469005 20 2 19 -',
    'deregistration 469005100 20 2 19 -'])
FROM dashboard.region_rollup r WHERE r.commitment = 'dereg_notice';

-- ------------------------------------------------------------------------------------------ as it was known then

UPDATE bizclock.clock c SET verdict_recorded_at = w.at
FROM (VALUES ('on-time', '2026-11-03 15:01+08'::timestamptz), ('premature', '2026-11-05 09:01+08'),
  ('late', '2026-11-10 09:00+08')) AS w (id, at)
WHERE c.case_id = w.id;
-- Until the morning of the 10th, `late` was believed to have been on time, in another town and by another channel;
-- before that, for an hour, to have been completed by an individual on the 5th. `gone` never was.
INSERT INTO bizclock.verdict_history
  (case_id, commitment, round, known_from, known_until, version_from, started_at, due_day, stopped_day, working_us,
   elapsed_us, paused_us, counted_days, early, provisional, state, verdict, outcome, process, region, channel,
   entity_type, report_tag, reason)
SELECT
  id, 'opening', 1, known_from, known_until, '2019-01-01', '2026-11-02 09:00+08', '2026-11-06', day,
  hours * 3600000000, 0, 0, days, early, false, 'stopped', verdict, outcome, 'opening', region, channel, type, tag, 'late_data'
FROM (VALUES
  ('late', '2026-11-06 09:31+08'::timestamptz, '2026-11-06 10:31+08'::timestamptz, '2026-11-05'::date, 3, 1, true,
   'on_time', 'completed', '469005101', 'window', 'individual', ''),
  ('late', '2026-11-06 10:31+08', '2026-11-10 09:00+08', '2026-11-06', 20, 2, false, 'on_time', 'rejected',
   '469005101', 'window', 'enterprise', ''),
  ('gone', '2026-11-03 16:00+08', '2026-11-07 09:00+08', '2026-11-03', 30, 5, false, 'late', 'completed',
   '469005100', 'online', 'enterprise', 'assisted')
) AS h (id, known_from, known_until, day, hours, days, early, verdict, outcome, region, channel, type, tag);

-- Quantiles of hours go through the sketch; to half an hour they are exact here.
CREATE FUNCTION pg_temp.known(at timestamptz, "from" date, "to" date) RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(format('%s %s %s %s %s %s %s|%s %s %s %s %s|%s %s|%s %s %s %s|%s %s %s %s', k.commitment,
    k.version_from, coalesce(k.region, '-'), coalesce(k.channel, '-'), coalesce(k.entity_type, '-'),
    coalesce(k.report_tag, '-'), k.outcome, k.finished, k.on_time, k.late, k.premature, k.early, k.on_time_rate,
    k.early_rate, k.mean_counted_days, k.median_counted_days, k.p90_counted_days, k.p95_counted_days,
    k.mean_working_hours, round(2 * k.median_working_hours) / 2, round(2 * k.p90_working_hours) / 2,
    round(2 * k.p95_working_hours) / 2))
  FROM dashboard.on_time_as_of(at, "from", "to") k
$$;
-- The 3rd: one on time (1 day, 10 h) and one late (5 days, 30 h): ranks 1, 2 and 2 of 2.
SELECT pg_temp.expect('known on the 6th, 9:31 sharp', pg_temp.known('2026-11-06 09:31+08', '2026-11-01', '2026-11-30'),
  ARRAY['dereg_notice 2019-01-01 469005100 online enterprise - notice_ended|1 0 0 1 0|0 0|3 3 3 3|19.5 19.5 19.5 19.5',
    'opening 2019-01-01 469005100 online enterprise assisted completed|2 1 1 0 1|0.5 0.5|3 1 5 5|20 10 30 30',
    'opening 2019-01-01 469005101 window individual - completed|1 1 0 0 1|1 1|1 1 1 1|3 3 3 3']);
SELECT pg_temp.expect('known on the 6th, 10:31 sharp', pg_temp.known('2026-11-06 10:31+08', '2026-11-06', '2026-11-06'),
  ARRAY['opening 2019-01-01 469005101 window enterprise - rejected|1 1 0 0 0|1 0|2 2 2 2|20 20 20 20']);
SELECT pg_temp.expect('known on the 10th, 9:00 sharp', pg_temp.known('2026-11-10 09:00+08', '2026-11-03', '2026-11-06'),
  ARRAY['dereg_notice 2019-01-01 469005100 online enterprise - notice_ended|1 0 0 1 0|0 0|3 3 3 3|19.5 19.5 19.5 19.5',
    'opening 2019-01-01 469005100 online enterprise assisted completed|1 1 0 0 1|1 1|1 1 1 1|10 10 10 10',
    'opening 2019-01-01 469005100 online enterprise - rejected|1 0 1 0 0|0 0|4 4 4 4|26.5 26.5 26.5 26.5']);
SELECT pg_temp.expect('the dates are those of the stop', pg_temp.known('2026-11-10 09:00+08', '2026-11-04', '2026-11-05'),
  ARRAY['dereg_notice 2019-01-01 469005100 online enterprise - notice_ended|1 0 0 1 0|0 0|3 3 3 3|19.5 19.5 19.5 19.5']);
SELECT pg_temp.expect('before anything was known', pg_temp.known('2026-11-03 15:00+08', '2026-11-01', '2026-11-30'),
  NULL::text[]);

-- ------------------------------------------------------------------------------------------------------- shares

INSERT INTO bizclock.share_cell (commitment, day, population, counted, first_received_at)
VALUES
  ('online_tax', '2026-09-30', 40, 36, now()), ('online_tax', '2026-10-01', 60, 60, now()),
  ('online_tax', '2026-10-31', 40, 25, now()), ('online_tax', '2026-11-02', 20, 10, now()),
  ('online_tax', '2026-11-12', 16, 12, now()), ('online_tax', '2026-12-01', 1, 1, now()),
  ('all_online', '2026-09-30', 5, 5, now()), ('all_online', '2026-10-01', 4, 2, now()),
  ('third', '2025-12-31', 3, 1, now()), ('third', '2026-01-01', 3, 0, now()), ('gone', '2026-01-01', 3, 0, now());
-- Now is Thu 12. September: exactly met. October: 85 of 100, 50 more would do. November: 9 of 21 worked days have
-- run; their pace brings 36 · 12 / 9 = 48, but 64 are missing to October's 100: (22 + 64) of 100. Nothing more can
-- make all of a quarter online; of December the calendar knows nothing, and of a year's without one not even today.
SELECT pg_temp.expect('shares', array_agg(format('%s %s %s/%s %s %s %s %s %s %s', s.commitment, s.period, s.counted,
    s.population, s.share, s.target, coalesce(s.met::text, '-'), s.period_end,
    coalesce(round(s.best_share::numeric, 6)::text, '-'), coalesce(s.needed::text, '-'))
    ORDER BY s.commitment, s.period),
  ARRAY['all_online 2026-07-01 5/5 1 1 true 2026-09-30 - 0', 'all_online 2026-10-01 2/4 0.5 1 - 2026-12-31 - -',
    'online_tax 2026-09-01 36/40 0.9 0.90 true 2026-09-30 - 0',
    'online_tax 2026-10-01 85/100 0.85 0.90 false 2026-10-31 - 50',
    'online_tax 2026-11-01 22/36 0.6111111111111112 0.90 - 2026-11-30 0.860000 104',
    'online_tax 2026-12-01 1/1 1 0.90 - 2026-12-31 - 0',
    'third 2025-01-01 1/3 0.3333333333333333 0.333333 - 2025-12-31 - 0',
    'third 2026-01-01 0/3 0 0.333333 - 2026-12-31 - 2'])
FROM dashboard.share_monthly s;
-- Without a month before, the pace: (22 + 48) of 84.
DELETE FROM bizclock.share_cell WHERE day < '2026-11-01';
SELECT pg_temp.expect('share by its pace', round(s.best_share::numeric, 6), 0.833333)
FROM dashboard.share_monthly s WHERE s.commitment = 'online_tax' AND s.period = '2026-11-01';
-- On the last day itself, and when it is over: (22 + 0) of 36.
SET LOCAL bizclock.now = '2026-11-30 23:59:59.999999+08';
SELECT pg_temp.expect('share on the last day', format('%s %s', coalesce(s.met::text, '-'),
  round(s.best_share::numeric, 6)), '- 0.611111')
FROM dashboard.share_monthly s WHERE s.commitment = 'online_tax' AND s.period = '2026-11-01';
SET LOCAL bizclock.now = '2026-11-12 10:00+08';

INSERT INTO bizclock.alert
  (case_id, commitment, round, level, revision, due_at, level_at, recorded_at, retrospective, priority)
VALUES ('', 'online_tax', 202610, 'missed', 1, '2026-11-01 00:00+08', '2026-11-01 00:00+08', '2026-11-01 00:00+08',
  false, 'error');
SELECT pg_temp.expect('alert of a share', format('%s %s %s %s', a.alert_id, coalesce(a.case_id, '-'), a.process,
  coalesce(a.region, '-')), 'online_tax/202610/missed/1 - opening -')
FROM dashboard.alert a WHERE a.commitment = 'online_tax';

-- ------------------------------------------------------------------------------------------------------- events

-- Of each case `accepted` is told as event a, at 09:00; voids come as: id, minute, sequence, what it voids.
CREATE TEMPORARY TABLE told (case_id text, event_id text, minute integer, sequence bigint, voids text);
INSERT INTO told VALUES
  ('plain', 'v', 1, NULL, 'a'),                                               -- voided
  ('first', 'v', -1, NULL, 'a'),                                              -- voided, though the void is earlier
  ('nested 2', 'v', 1, NULL, 'a'), ('nested 2', 'w', 2, NULL, 'v'),           -- happened: the void is voided
  ('nested 3', 'v', 1, NULL, 'a'), ('nested 3', 'w', 2, NULL, 'v'), ('nested 3', 'x', 3, NULL, 'w'),    -- voided
  ('earlier', 'w', 1, NULL, 'v'), ('earlier', 'v', 2, NULL, 'a'),             -- voided: w is before v
  ('sequence', 'v', 1, NULL, 'a'), ('sequence', 'b', 1, 1, 'v'),              -- happened: no sequence comes first
  ('sequences', 'v', 1, 10, 'a'), ('sequences', 'w', 1, 9, 'v'),              -- voided: 9 is before 10
  ('ids', 'v', 1, NULL, 'a'), ('ids', 'w', 1, NULL, 'v'),                     -- happened: w is after v
  ('ids turned', 'w', 1, NULL, 'a'), ('ids turned', 'v', 1, NULL, 'w'),       -- voided
  ('itself', 'v', 1, NULL, 'v'),                                              -- happened
  ('twice', 'v', 1, NULL, 'a'), ('twice', 'w', 2, NULL, 'a'), ('twice', 'x', 3, NULL, 'v'),             -- voided
  ('ring', 'v', 1, NULL, 'w'), ('ring', 'w', 2, NULL, 'v'),                   -- happened
  ('unknown', 'v', 1, NULL, 'nothing'), ('nothing said', 'v', 1, NULL, NULL); -- happened
INSERT INTO bizclock.event
  (position, occurred_at, received_at, sequence, history, case_id, source, event_id, type, voids)
SELECT 2, '2026-11-10 09:00+08'::timestamptz + minute * interval '1 min', now(), sequence, false, case_id, 's',
  event_id, 'voided', voids
FROM told;
INSERT INTO bizclock.event (position, occurred_at, received_at, history, case_id, source, event_id, type)
SELECT DISTINCT 1, '2026-11-10 09:00+08'::timestamptz, now(), false, case_id, s.source, 'a', 'accepted'
FROM told, (VALUES ('s'), ('other')) AS s (source);

SELECT pg_temp.expect('events that happened', array_agg(e.case_id ORDER BY e.case_id),
  ARRAY['ids', 'itself', 'nested 2', 'nothing said', 'ring', 'sequence', 'unknown']::text[])
FROM dashboard.event_log e WHERE e.source = 's';
-- A void acts on its own source only, and is no event of the log.
SELECT pg_temp.expect('events of another source', count(*), (SELECT count(DISTINCT case_id) FROM told))
FROM dashboard.event_log e WHERE e.source = 'other';
SELECT pg_temp.expect('no voids in the log', count(*), 0::bigint) FROM dashboard.event_log e WHERE e.type = 'voided';

-- Six hundred cases at random against the rule as it is written: a void has effect unless a later one that has
-- effect names it.
SELECT setseed(0.42);
DELETE FROM bizclock.event;
INSERT INTO bizclock.event
  (position, occurred_at, received_at, sequence, history, case_id, source, event_id, type, voids)
SELECT 1, '2026-11-10 09:00+08'::timestamptz + (random() * 3)::integer * interval '1 min', now(),
  nullif((random() * 3)::integer, 0), false, 'r' || c, 's' || (random() * 1.2)::integer, 'e' || e,
  CASE WHEN e <= 2 THEN 'accepted' ELSE 'voided' END, CASE WHEN e > 2 THEN 'e' || (1 + (random() * 7)::integer) END
FROM generate_series(1, 600) c, generate_series(1, 8) e;
CREATE FUNCTION pg_temp.stands(of bizclock.event) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  o bizclock.event;
BEGIN
  FOR o IN
    SELECT v.* FROM bizclock.event v
    WHERE v.type = 'voided' AND v.case_id = of.case_id AND v.source = of.source AND v.voids = of.event_id
  LOOP
    CONTINUE WHEN of.type = 'voided'
      AND (o.occurred_at, coalesce(o.sequence, -1), o.event_id)
        <= (of.occurred_at, coalesce(of.sequence, -1), of.event_id);
    IF pg_temp.stands(o) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END
$$;
SELECT pg_temp.expect('voids at random',
  (SELECT array_agg(e.case_id || e.source || e.event_id ORDER BY e.case_id, e.source, e.event_id)
    FROM dashboard.event_log e),
  (SELECT array_agg(e.case_id || e.source || e.event_id ORDER BY e.case_id, e.source, e.event_id)
    FROM bizclock.event e WHERE e.type <> 'voided' AND pg_temp.stands(e)));
SELECT pg_temp.expect('some voided, some not', count(*) BETWEEN 200 AND 1000, true) FROM dashboard.event_log;

-- In event order, not of arrival or of ids: rank decides at one instant, unknown types last. Names of individuals
-- and of unknown types are hidden.
DELETE FROM bizclock.event;
INSERT INTO bizclock.event
  (position, occurred_at, received_at, sequence, history, case_id, source, event_id, type, step, entity_name, channel)
VALUES
  (1, '2026-11-02 09:00+08', now(), NULL, false, 'late', 's', '1', 'inspected', NULL, NULL, NULL),
  (2, '2026-11-02 09:00+08', now(), NULL, false, 'late', 's', '2', 'completed', NULL, NULL, NULL),
  (3, '2026-11-02 09:00+08', now(), NULL, false, 'late', 's', '3', 'accepted', NULL, '海南某公司', 'window'),
  (4, '2026-11-02 09:00+08', now(), 1, false, 'late', 's', '4', 'submitted', NULL, NULL, NULL),
  (5, '2026-11-02 08:59+08', now(), NULL, false, 'late', 's', '5', 'step_completed', 'licence', NULL, NULL),
  (6, '2026-11-02 09:00+08', now(), NULL, false, 'soon', 's', '1', 'accepted', NULL, '张三', NULL),
  (7, '2026-11-02 09:00+08', now(), NULL, false, 'paused', 's', '1', 'accepted', NULL, '李四', NULL),
  (8, '2026-11-02 09:00+08', now(), NULL, false, 'no file yet', 's', '1', 'accepted', NULL, '王五', NULL);
-- Once told to be an enterprise, known to be an individual: hidden all the same.
UPDATE bizclock.event SET entity_type = 'enterprise' WHERE case_id = 'soon';
SELECT pg_temp.expect('event order', (SELECT array_agg(e.activity) FROM dashboard.event_log e WHERE e.case_id = 'late'),
  ARRAY['step_completed:licence', 'accepted', 'completed', 'inspected', 'submitted']);
SELECT pg_temp.expect('event, attributes', format('%s %s %s %s', e.process, e.region, e.channel, e.entity_name),
  'opening 469005100 window 海南某公司')
FROM dashboard.event_log e WHERE e.case_id = 'late' AND e.event_id = '3';
-- And so is that of whoever was an individual once, whatever the type was corrected to, in every event of the case.
UPDATE bizclock.case_file SET may_be_individual = true WHERE case_id = 'late';
SELECT pg_temp.expect('names of former individuals hidden', count(e.entity_name), 0::bigint) FROM dashboard.event_log e;
UPDATE bizclock.case_file SET may_be_individual = false WHERE case_id = 'late';
SELECT pg_temp.expect('names hidden', count(e.entity_name), 0::bigint)
FROM dashboard.event_log e WHERE e.case_id <> 'late';
-- No other view says a name of anyone.
DO $$
DECLARE
  view text;
  named text[] := '{}';
  told bigint;
BEGIN
  FOR view IN
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
  LOOP
    EXECUTE format('SELECT count(*) FROM dashboard.%I t WHERE t::text ~ %L', view, '张三|李四|王五|Name of (soon|paused)') INTO told;
    IF told > 0 THEN
      named := named || view;
    END IF;
  END LOOP;
  PERFORM pg_temp.expect('views that name individuals', named, '{}');
END
$$;
UPDATE bizclock.setting SET value = 'true' WHERE name = 'show_individual_names';
SELECT pg_temp.expect('names shown', array_agg(e.entity_name ORDER BY e.case_id), ARRAY['王五', '李四', '张三'])
FROM dashboard.event_log e WHERE e.case_id <> 'late';
UPDATE bizclock.setting SET value = 'false' WHERE name = 'show_individual_names';

-- -------------------------------------------------------------------------------------------------------- steps

DELETE FROM bizclock.event;
INSERT INTO bizclock.event
  (position, occurred_at, received_at, history, case_id, source, event_id, type, step, voids, process)
SELECT 1, at, now(), false, id, source, event, type, step, voids, process
FROM (VALUES
  -- 2 h; side by side with it 1.5 + 3 + 1 h.
  ('on-time', 's', '1', '2026-11-02 09:00+08'::timestamptz, 'step_started', 'licence', NULL, NULL),
  ('on-time', 's', '2', '2026-11-02 11:00+08', 'step_completed', 'licence', NULL, NULL),
  ('on-time', 's', '3', '2026-11-02 10:30+08', 'step_started', 'tax', NULL, NULL),
  ('on-time', 'other', '1', '2026-11-03 09:30+08', 'step_completed', 'tax', NULL, NULL),
  -- The latest start counts: 2 + 3 h of Monday. The second completion has no start of its own; the seal has none.
  ('late', 's', '1', '2026-11-02 09:00+08', 'step_started', 'licence', NULL, NULL),
  ('late', 's', '2', '2026-11-02 10:00+08', 'step_started', 'licence', NULL, NULL),
  ('late', 's', '3', '2026-11-03 08:30+08', 'step_completed', 'licence', NULL, NULL),
  ('late', 's', '4', '2026-11-04 10:00+08', 'step_completed', 'licence', NULL, NULL),
  ('late', 's', '5', '2026-11-04 11:00+08', 'step_completed', 'seal', NULL, NULL),
  -- At one instant: the start comes first, whatever the ids. No time.
  ('held', 's', '1', '2026-11-09 10:00+08', 'step_completed', 'licence', NULL, NULL),
  ('held', 's', '2', '2026-11-09 10:00+08', 'step_started', 'licence', NULL, NULL),
  -- Completed before it was started: no time; the start is still open.
  ('overdue', 's', '1', '2026-11-09 09:00+08', 'step_completed', 'licence', NULL, NULL),
  ('overdue', 's', '2', '2026-11-09 10:00+08', 'step_started', 'licence', NULL, NULL),
  -- The start never happened, nor did another completion: one completion, no time.
  ('resumed', 's', '1', '2026-11-02 09:00+08', 'step_started', 'licence', NULL, NULL),
  ('resumed', 's', '2', '2026-11-02 12:00+08', 'step_completed', 'licence', NULL, NULL),
  ('resumed', 's', '3', '2026-11-02 13:00+08', 'step_completed', 'licence', NULL, NULL),
  ('resumed', 's', '4', '2026-11-02 14:00+08', 'voided', NULL, '1', NULL),
  ('resumed', 's', '5', '2026-11-02 14:00+08', 'voided', NULL, '3', NULL),
  -- Over a close into a Saturday: half an hour. What names no step is no step.
  ('soon', 's', '1', '2026-11-06 17:00+08', 'step_started', 'bank', NULL, NULL),
  ('soon', 's', '2', '2026-11-07 10:00+08', 'step_completed', 'bank', NULL, NULL),
  ('soon', 's', '3', '2026-11-07 10:00+08', 'step_completed', NULL, NULL, NULL),
  ('notice', 's', '1', '2026-11-02 09:00+08', 'step_started', 'tax', NULL, NULL),
  ('notice', 's', '2', '2026-11-02 10:00+08', 'step_completed', 'tax', NULL, NULL),
  -- A process without a promise has no calendar; a case without a row is of the process that its events tell.
  ('no file yet', 's', '1', '2026-11-02 09:00+08', 'step_started', 'licence', NULL, 'other'),
  ('no file yet', 's', '2', '2026-11-02 10:00+08', 'step_completed', 'licence', NULL, 'other')
) AS e (id, source, event, at, type, step, voids, process);
-- Office time of the cases: 10 h and 26.5 h of openings, 2 h of deregistrations.
UPDATE bizclock.case_file f SET first_occurred_at = w.first, last_occurred_at = w.last
FROM (VALUES ('on-time', '2026-11-02 09:00+08'::timestamptz, '2026-11-03 15:00+08'::timestamptz),
  ('late', '2026-11-02 09:00+08', '2026-11-06 09:30+08'), ('notice', '2026-11-02 09:00+08', '2026-11-02 11:00+08'))
  AS w (id, first, last)
WHERE f.case_id = w.id;
-- Licences took 0, 2 and 5 h: ranks 2, 3 and 3 of 3.
SELECT pg_temp.expect('steps',
  array_agg(format('%s %s|%s %s %s|%s %s %s %s|%s', t.process, t.step, t.started, t.finished, t.measured,
    coalesce(round(t.mean_working_hours::numeric, 3)::text, '-'), coalesce(t.median_working_hours::text, '-'),
    coalesce(t.p90_working_hours::text, '-'), coalesce(t.p95_working_hours::text, '-'),
    coalesce(round(t.share_of_case_time::numeric, 6)::text, '-')) ORDER BY t.process, t.step),
  ARRAY[
    'deregistration tax|1 1 1|1.000 1 1 1|0.500000',
    'opening bank|1 1 1|0.500 0.5 0.5 0.5|' || round(0.5 / 36.5, 6),
    'opening licence|5 6 3|2.333 2 5 5|' || round(7 / 36.5, 6),
    'opening seal|0 1 0|- - - -|-',
    'opening tax|1 1 1|5.500 5.5 5.5 5.5|' || round(5.5 / 36.5, 6),
    'other licence|1 1 0|- - - -|-'])
FROM dashboard.step_time t;

-- Three spans of office hours in a day; else the two ways to the same.
SELECT pg_temp.expect('office time, three spans',
  array_agg(bizclock.office_at(7, ARRAY['2026-11-02 01:00Z', '2026-11-02 03:00Z', '2026-11-02 05:00Z']::timestamptz[],
    ARRAY['2026-11-02 02:00Z', '2026-11-02 04:00Z', '2026-11-02 06:00Z']::timestamptz[], at) ORDER BY at),
  ARRAY[7, 3600000007, 9000000007, 10800000007]::bigint[])
FROM unnest(
  ARRAY['2026-11-02 00:00Z', '2026-11-02 02:30Z', '2026-11-02 05:30Z', '2026-11-02 08:00Z']::timestamptz[]) AS at;
SELECT pg_temp.expect('office time, two ways',
  count(*) FILTER (WHERE bizclock.office_at(d.office_before_us, d.opens, d.closes, t.at)
    IS DISTINCT FROM bizclock.office_until(d.office_before_us, d.opens, d.closes, t.at)), 0::bigint)
FROM bizclock.calendar_day d
CROSS JOIN LATERAL (
  SELECT d.midnight + n * interval '17 min' AS at FROM generate_series(0, 84) n
) t;

-- ----------------------------------------------------------------------------------------------------- calendar

SELECT pg_temp.expect('calendar', array_agg(format('%s %s %s %s %s %s|%s', d.calendar, d.date, d.weekday, d.worked,
  d.kind, d.published, coalesce(d.office_hours, '-')) ORDER BY d.calendar, d.date),
  ARRAY['cn 2026-11-12 Thursday t workday t|08:30-12:00 14:30-17:30', 'cn 2026-11-14 Saturday f weekend t|-',
    'night 2026-11-12 Thursday t workday t|20:00-24:00'])
FROM dashboard.calendar_day d WHERE d.date IN ('2026-11-12', '2026-11-14');

-- ------------------------------------------------------------------------------------------ now, and no other clock

-- Days later these say something else, whatever the wall clock says; the others do not.
DO $$
DECLARE
  view text;
  before text;
  after text;
  moving text[] := '{}';
BEGIN
  FOR view IN
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v' ORDER BY c.relname COLLATE "C"
  LOOP
    PERFORM set_config('bizclock.now', '2026-11-12 10:00+08', true);
    EXECUTE format('SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM dashboard.%I t', view) INTO before;
    PERFORM set_config('bizclock.now', '2026-11-16 16:00+08', true);
    EXECUTE format('SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM dashboard.%I t', view) INTO after;
    IF before IS DISTINCT FROM after THEN
      moving := moving || view;
    END IF;
  END LOOP;
  PERFORM set_config('bizclock.now', '2026-11-12 10:00+08', true);
  PERFORM pg_temp.expect('views that move with now', moving,
    ARRAY['clock', 'due_soon', 'duration_survival', 'feed_health', 'on_time_by_due_month', 'open_clock', 'overdue', 'pause_audit', 'share_monthly']);
END
$$;
SELECT pg_temp.expect('views that look at another clock', array_agg(c.oid::regclass::text), NULL::text[])
FROM pg_class c
WHERE c.relnamespace IN ('dashboard'::regnamespace, 'bizclock'::regnamespace) AND c.relkind = 'v'
  AND pg_get_viewdef(c.oid)
    ~* '(?<!dashboard\.)\mnow\(\)|current_(date|time)|localtime|(clock|statement|transaction)_timestamp';

-- ----------------------------------------------------------------------------------------- applying them again

-- A user's view upon ours and a user's grant on ours stay, whatever shape our shared views take meanwhile.
CREATE SCHEMA theirs;
CREATE VIEW theirs.worst AS SELECT o.case_id, o.overdue_seconds FROM dashboard.overdue o;
CREATE VIEW dashboard.their_own AS SELECT m.month FROM dashboard.on_time_monthly m;
GRANT SELECT ON dashboard.due_soon TO PUBLIC;
CREATE TEMPORARY TABLE shape AS
  SELECT a.attrelid::regclass::text AS view, a.attnum, a.attname, a.atttypid FROM pg_attribute a
  WHERE a.attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'dashboard'::regnamespace);
\ir ../../sql/views.sql
\ir ../../sql/roles.sql
SELECT pg_temp.expect('their view', count(*), 4::bigint) FROM theirs.worst;
SELECT pg_temp.expect('their view beside ours', count(*), 6::bigint) FROM dashboard.their_own;
SELECT pg_temp.expect('their grant', has_table_privilege('pg_monitor', 'dashboard.due_soon', 'SELECT'), true);
SELECT pg_temp.expect('the same shape', count(*), 0::bigint)
FROM (
  SELECT s.view, s.attnum, s.attname, s.atttypid FROM shape s
  EXCEPT
  SELECT a.attrelid::regclass::text, a.attnum, a.attname, a.atttypid FROM pg_attribute a
) d;
DROP VIEW dashboard.their_own;

-- ----------------------------------------------------------------------------------------------------- durations

-- The example of Kaplan and Meier (1958), section 2, in tenths: ended at 8, 31, 54 and 92, left at 10, 27, 70 and 121.
-- S = 7/8, 7/8 * 4/5 = 7/10, 7/10 * 3/4 = 21/40, 21/40 * 1/2 = 21/80: the median is 92, no other quantile is reached.
-- Of those that ended the median is 31. The one that ended at 8 was rejected: of completions it is left at 8, so that
-- S = 4/5, 3/5, 3/10. `even`: 1, 2 and 3 with one left at 1 and two at 2. S(1) = 5/6, S(2) = 5/6 * 3/4 = 5/8; the last
-- one is all of those at risk, S(3) = 0. `half`: of four one ended at 1, one at 2, one was left at 1, one at 2: S(1) =
-- 3/4, S(2) = 3/4 * 1/2 = 3/8. `sharp`: 3/4 * 2/3 is a half, no more and no less: four, one ended at 1 and one at 2,
-- two left at 3.
INSERT INTO bizclock.commitment_version (commitment, version_from, kind, process, calendar, ordinal)
SELECT c, '2019-01-01', 'time', 'study', 'cn', 9 FROM unnest(ARRAY['km', 'even', 'half', 'sharp', 'none']) c;
WITH told (commitment, days, outcome) AS (VALUES
  ('km', 8, 'rejected'), ('km', 31, 'completed'), ('km', 54, 'completed'), ('km', 92, 'completed'),
  ('even', 1, 'completed'), ('even', 2, 'completed'), ('even', 3, 'completed'),
  ('half', 1, 'completed'), ('half', 2, 'completed'), ('sharp', 1, 'completed'), ('sharp', 2, 'completed')
)
INSERT INTO pg_temp.given
  (day, version_from, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us,
   overrun_us, basis, process, commitment, region, channel, entity_type, report_tag, outcome, days_sketch, working_sketch)
SELECT '2026-11-02', '2019-01-01', count(*), count(*), 0, 0, 0, sum(days), 0, 0, 0, 0, 'stop', 'study', commitment, '',
  '', '', '', outcome, pg_temp.sketch(array_agg(days::bigint)), pg_temp.sketch(array_agg(days * 3600000000))
FROM told GROUP BY commitment, outcome;
SELECT pg_temp.put_cells();
INSERT INTO bizclock.clock
  (case_id, commitment, round, version_from, started_at, started_received_at, stopped_at, mark_at, mark_day,
   mark_office_us, working_us, elapsed_us, paused_us, counted_days, extended_days, provisional, breached, early, history,
   state, outcome, calendar)
SELECT
  'left', commitment, row_number() OVER (), '2019-01-01', now(), now(), now(), now(), '2026-11-02', 0, days * 3600000000,
  0, 0, days, 0, false, days > 50, false, false, 'cancelled', 'withdrawn', 'cn'
FROM (VALUES ('km', 10), ('km', 27), ('km', 70), ('km', 121), ('even', 1), ('even', 2), ('even', 2), ('half', 1),
  ('half', 2), ('sharp', 3), ('sharp', 3), ('none', 5)) AS l (commitment, days);
SELECT pg_temp.expect('durations', array_agg(format('%s %s %s+%s %s of %s|%s %s %s|%s %s %s|%s %s', s.commitment,
    s.ending, s.ended, s.rejected, s.cancelled_overdue, s.cancelled,
    coalesce(s.median_counted_days::text, '-'), coalesce(s.p90_counted_days::text, '-'),
    coalesce(round(s.median_working_hours)::text, '-'), coalesce(s.km_median_counted_days::text, '-'),
    coalesce(s.km_p90_counted_days::text, '-'), coalesce(s.km_p95_counted_days::text, '-'),
    coalesce(round(s.km_median_working_hours)::text, '-'), coalesce(round(s.km_p90_working_hours)::text, '-'))
    ORDER BY s.commitment, s.ending),
  ARRAY['even any 3+0 0 of 3|2 3 2|3 3 3|3 3', 'even completed 3+0 0 of 3|2 3 2|3 3 3|3 3',
    'half any 2+0 0 of 2|1 2 1|2 - -|2 -', 'half completed 2+0 0 of 2|1 2 1|2 - -|2 -',
    'km any 4+1 2 of 4|31 92 31|92 - -|92 -', 'km completed 3+1 2 of 4|54 92 54|92 - -|92 -',
    'none any 0+0 0 of 1|- - -|- - -|- -', 'none completed 0+0 0 of 1|- - -|- - -|- -',
    'sharp any 2+0 0 of 2|1 2 1|2 - -|2 -', 'sharp completed 2+0 0 of 2|1 2 1|2 - -|2 -'])
FROM dashboard.duration_survival s WHERE s.process = 'study';

-- ----------------------------------------------------------------------------------------------------- comments

SELECT pg_temp.expect('without a comment', array_agg(x.name ORDER BY x.name), NULL::text[])
FROM (
  SELECT c.relname || coalesce('.' || a.attname, '') AS name
  FROM pg_class c
  LEFT JOIN LATERAL (
    SELECT a.attname, a.attnum FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT NULL, 0
  ) a ON true
  WHERE c.relnamespace = 'dashboard'::regnamespace
    AND (CASE a.attnum WHEN 0 THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END) IS NULL
  UNION ALL
  SELECT p.oid::regprocedure::text FROM pg_proc p
  WHERE p.pronamespace IN ('dashboard'::regnamespace, 'bizclock'::regnamespace)
    AND obj_description(p.oid, 'pg_proc') IS NULL
  UNION ALL
  SELECT c.relname FROM pg_class c
  WHERE c.relnamespace = 'bizclock'::regnamespace AND c.relkind = 'v' AND obj_description(c.oid, 'pg_class') IS NULL
  UNION ALL
  SELECT n.nspname FROM pg_namespace n
  WHERE n.nspname = 'dashboard' AND obj_description(n.oid, 'pg_namespace') IS NULL
) x;

-- ----------------------------------------------------------------------------------------------------- the role

-- Each view can be read whole, with its functions; no table, no view and no column of bizclock.
SET LOCAL ROLE bizclock_dashboard;
DO $$
DECLARE
  view text;
  hidden oid;
  seen integer := 0;
BEGIN
  FOR view IN
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
  LOOP
    EXECUTE format('SELECT count(t::text) FROM %s t', view);
    seen := seen + 1;
  END LOOP;
  ASSERT seen >= 17, format('only %s views', seen);
  PERFORM dashboard.now();
  ASSERT (SELECT sum(k.finished) FROM dashboard.on_time_as_of('2026-11-10 09:00+08', '2026-11-01', '2026-11-30') k) = 3,
    'what was known';

  FOR hidden, view IN
    SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'bizclock' AND c.relkind IN ('r', 'v', 'S')
  LOOP
    BEGIN
      EXECUTE format('SELECT 1 FROM %s', view);
      RAISE EXCEPTION 'bizclock_dashboard reads %', view;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
    ASSERT NOT has_any_column_privilege(hidden, 'SELECT, INSERT, UPDATE, REFERENCES'), view;
  END LOOP;
  ASSERT NOT has_function_privilege('pg_monitor', 'dashboard.on_time_as_of(timestamptz, date, date)', 'EXECUTE'),
    'anybody may ask what was known';
  ASSERT NOT has_schema_privilege('dashboard', 'CREATE'), 'may create in dashboard';
  ASSERT NOT has_schema_privilege('bizclock', 'USAGE'), 'may look into bizclock';
  BEGIN
    UPDATE dashboard.feed_health SET stalled = true;
    RAISE EXCEPTION 'bizclock_dashboard writes';
  EXCEPTION WHEN insufficient_privilege OR object_not_in_prerequisite_state THEN
    NULL;
  END;
END
$$;
RESET ROLE;

-- --------------------------------------------------------------------------------------------------------- plans

INSERT INTO bizclock.event
  (position, occurred_at, received_at, history, case_id, source, event_id, type, voids)
SELECT c * 10 + e, '2026-10-01 09:00+08'::timestamptz + c * interval '1 min', now(), false, 'p' || c, 's', 'e' || e,
  CASE WHEN e = 9 THEN 'voided' ELSE 'step_started' END, CASE WHEN e = 9 THEN 'e1' END
FROM generate_series(1, 3000) c, generate_series(0, 9) e;
INSERT INTO bizclock.case_file (case_id, events, process, may_be_individual) SELECT 'p' || c, 9, 'opening', false FROM generate_series(1, 3000) c;
ANALYZE bizclock.event, bizclock.case_file;

-- 200,000 cells as of 10 million clocks: 17 towns over 48 months, 15 buckets each.
TRUNCATE bizclock.metric_cell;
INSERT INTO pg_temp.given
SELECT d::date, '2019-01-01', 50, 45, 5, 0, 20, 90, 1000000000000, 5000000000000, 0, 5000000, 'stop', 'opening',
  'c' || c, (469005100 + r)::text, 'channel' || h, 'type' || e, '', 'completed',
  ARRAY(SELECT (b << 32) | 10 FROM generate_series(0::bigint, 4) b),
  ARRAY(SELECT ((1500 + (r * 2 + h) + b * 3) << 32) | 5 FROM generate_series(0::bigint, 9) b)
FROM generate_series(:'cells_from'::timestamp, '2025-12-31', '1 day') d, generate_series(1, 3) c,
  generate_series(0, 16) r, generate_series(1, 2) h, generate_series(1, 2) e
WHERE extract(isodow FROM d) <= 5;
SELECT pg_temp.put_cells();
ANALYZE bizclock.metric_cell, bizclock.metric_series;
-- As autovacuum does.
SELECT brin_summarize_new_values('bizclock.metric_cell_month');

SET LOCAL client_min_messages = notice;
DO $$
DECLARE
  line text;
  plan text := '';
  began timestamptz;
  rows bigint;
  cells bigint;
  query text;
BEGIN
  FOR line IN EXPLAIN SELECT e.activity, e.entity_name FROM dashboard.event_log e WHERE e.case_id = 'p77' LOOP
    plan := plan || line || E'\n';
  END LOOP;
  ASSERT plan !~ 'Seq Scan on (event|case_file)', E'event_log of one case scans a table:\n' || plan;

  plan := '';
  FOR line IN EXPLAIN
    SELECT m.month, m.region, sum(m.finished), sum(m.on_time)
    FROM dashboard.on_time_monthly m
    GROUP BY m.month, m.region
  LOOP
    plan := plan || line || E'\n';
  END LOOP;
  ASSERT plan !~ 'SubPlan|commitment_version', E'counts read buckets or versions:\n' || plan;

  -- A month is found by its index (where there are several), a region is settled on the cells; what is not asked for
  -- is not read.
  plan := '';
  SET LOCAL enable_seqscan = off;
  FOR line IN EXPLAIN
    SELECT r.region, r.finished, r.on_time_rate
    FROM dashboard.region_rollup r
    WHERE r.month = '2025-12-01' AND r.region = '469005'
  LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RESET enable_seqscan;
  ASSERT plan !~ 'SubPlan|commitment_version| on region', E'counts of regions read more than cells:\n' || plan;
  ASSERT plan ~ 'metric_cell_month', E'counts of regions do not use the month:\n' || plan;
  ASSERT plan ~ 'Aggregate.*Filter: [^\n]*469005', E'counts of regions are filtered after adding up:\n' || plan;

  plan := '';
  FOR line IN EXPLAIN SELECT o.case_id, o.overdue_seconds, o.region FROM dashboard.overdue o LOOP
    plan := plan || line || E'\n';
  END LOOP;
  ASSERT plan !~ ' on region', E'names of regions are read though nobody asks:\n' || plan;

  SELECT count(*) INTO cells FROM bizclock.metric_cell;
  FOREACH query IN ARRAY ARRAY[
    'SELECT m.month, m.region, sum(m.finished) AS n, sum(m.on_time) '
      'FROM dashboard.on_time_monthly m GROUP BY m.month, m.region',
    'SELECT m.region, m.commitment, m.finished AS n, m.p90_counted_days, m.p90_working_hours '
      'FROM dashboard.on_time_monthly m WHERE m.month = ''2025-06-01''',
    'SELECT m.channel, m.finished AS n, m.p90_counted_days FROM dashboard.on_time_monthly m '
      'WHERE m.month >= ''2025-01-01'' AND m.region = ''469005105'' AND m.commitment = ''c1''',
    'SELECT b.commitment, b.finished AS n, b.p90_counted_days FROM dashboard.before_after b',
    'SELECT s.commitment, s.ended AS n, s.km_p90_counted_days FROM dashboard.duration_survival s',
    'SELECT r.region, r.month, r.finished AS n, r.on_time_rate FROM dashboard.region_rollup r',
    'SELECT r.region_name, r.finished AS n, r.on_time_rate, r.p90_counted_days FROM dashboard.region_rollup r '
      'WHERE r.month = ''2025-12-01'' AND r.region = ''469005''',
    'SELECT t.step, t.finished AS n, t.median_working_hours FROM dashboard.step_time t',
    'SELECT e.activity, 1 AS n FROM dashboard.event_log e WHERE e.case_id = ''p77''']
  LOOP
    EXECUTE format('SELECT count(q) FROM (%s) q', query) INTO rows;
    began := clock_timestamp();
    EXECUTE format('SELECT count(q) FROM (%s) q', query) INTO rows;
    RAISE NOTICE '% ms, % rows of % cells: %',
      round(extract(epoch FROM clock_timestamp() - began) * 1000, 1), rows, cells, query;
  END LOOP;
END
$$;

ROLLBACK;
\echo views-check: all figures as worked out by hand
