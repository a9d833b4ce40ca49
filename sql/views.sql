-- The schema that dashboards and other programs read. Applied whole on every migrate, in one transaction, by the
-- role that owns the tables; applying it again changes nothing.
--
-- In:   the tables of 0001_ledger.sql.
-- Out:  schema dashboard (stable: a column is added at the end of its view, never renamed or removed), and in
--       schema bizclock what its views share: dashboard_views, bucket_value, bucket_of, product, sketch, office_until,
--       office_at, voided_ids, uscc_valid, calendar_now, clock_now, voids, step_run.
--
-- To add a view: its name in dashboard_views, CREATE OR REPLACE VIEW below, and a comment on it and on each column
-- that the common words do not cover; roles.sql grants it, Tests/sql/views-check.sql refuses one without comments.
--
-- Conventions
--   Seconds are numeric, exact to the microsecond (us * 0.000001); rates and hours are double precision.
--   Rates and quantiles are null where nothing finished, never 0.
--   `(SELECT dashboard.now())` is written as a subquery, so that it is taken once a statement and not once a row.
--   Joins that only bring columns are LEFT JOINs on a key: one whose columns are not asked for is not run.

DO $$
BEGIN
  -- Two at a time would meet in the catalog ("tuple concurrently updated").
  PERFORM pg_advisory_xact_lock(hashtextextended('bizclock.views', 0));
  IF to_regnamespace('dashboard') IS NULL THEN
    CREATE SCHEMA dashboard;
  END IF;

  -- A quantile's subquery is estimated at many times its cost, so that the planner would compile queries that take
  -- milliseconds, for most of a second. For new sessions; whoever has set it otherwise, or may not, keeps what is.
  IF NOT EXISTS (
    SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS c
    WHERE s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND s.setrole = 0 AND c LIKE 'jit=%')
  THEN
    BEGIN
      EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
  END IF;
END
$$;
COMMENT ON SCHEMA dashboard IS
  'Service-time clocks for dashboards: stable views over what the ledger says. bizclock_dashboard reads these alone.';

CREATE OR REPLACE FUNCTION bizclock.dashboard_views() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[
    'clock', 'open_clock', 'overdue', 'due_soon', 'alert', 'on_time_daily', 'on_time_monthly',
    'on_time_by_due_month', 'before_after', 'duration_survival', 'step_time', 'share_monthly', 'region_rollup', 'pause_audit',
    'feed_health', 'detection_lag', 'event_log', 'calendar_day', 'region'];
COMMENT ON FUNCTION bizclock.dashboard_views() IS
  'The views of schema dashboard that are ours to replace, comment and grant; users may add theirs beside them.';

-- --------------------------------------------------------------------------------------------- replace our own

-- Users build views upon ours and grant ours to their roles. DROP SCHEMA … CASCADE would lose both without a word;
-- CREATE OR REPLACE alone keeps both, but refuses any change of a view's columns, even of one that only we use.
-- So each view of ours is first reduced to an empty one of the same columns, which frees what it was built upon.
-- Then those that nobody else uses are dropped, and may come back in another shape; those in use stay where they
-- are, and CREATE OR REPLACE below fills them again (or, if their shape was broken, fails and changes nothing).
DO $$
DECLARE
  view regclass;
  empty_columns text;
  granted boolean;
  present CONSTANT regclass[] := ARRAY(
    SELECT c.oid::regclass
    FROM pg_class c
    WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
      AND c.relname = ANY (bizclock.dashboard_views()));
BEGIN
  FOREACH view IN ARRAY present LOOP
    SELECT string_agg(
        format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod),
          CASE WHEN l.oid IS NOT NULL THEN format(' COLLATE %I.%I', n.nspname, l.collname) END, a.attname),
        ', ' ORDER BY a.attnum)
      INTO empty_columns
      FROM pg_attribute a
      LEFT JOIN pg_collation l ON l.oid = a.attcollation
      LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
      WHERE a.attrelid = view AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('CREATE OR REPLACE VIEW %s AS SELECT %s WHERE false', view, empty_columns);
  END LOOP;

  FOREACH view IN ARRAY present LOOP
    SELECT EXISTS (
        SELECT FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.oid = view AND g.grantee <> c.relowner
          AND g.grantee IS DISTINCT FROM to_regrole('bizclock_dashboard')::oid)
      OR EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = view AND a.attacl IS NOT NULL)
      INTO granted;
    CONTINUE WHEN granted;
    BEGIN
      EXECUTE format('DROP VIEW %s', view);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      NULL;  -- Someone's view stands on it.
    END;
  END LOOP;

  -- Nothing of ours stands on these any more, and nobody else can name them.
  IF to_regclass('bizclock.clock_now') IS NOT NULL THEN
    DROP VIEW bizclock.clock_now;
  END IF;
  IF to_regclass('bizclock.step_run') IS NOT NULL THEN
    DROP VIEW bizclock.step_run;
  END IF;
  IF to_regclass('bizclock.voids') IS NOT NULL THEN
    DROP VIEW bizclock.voids;
  END IF;
  IF to_regclass('bizclock.calendar_now') IS NOT NULL THEN
    DROP VIEW bizclock.calendar_now;
  END IF;
END
$$;

-- ------------------------------------------------------------------------------------------------- pure functions

-- Bodies in RETURN and BEGIN ATOMIC are bound when they are created: no search_path can turn them.

CREATE OR REPLACE FUNCTION dashboard.now() RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(nullif(current_setting('bizclock.now', true), '')::timestamptz, pg_catalog.now());
COMMENT ON FUNCTION dashboard.now() IS
  'The moment for which the views speak: the setting bizclock.now (an accelerated clock, a test), else now().';

CREATE OR REPLACE FUNCTION bizclock.bucket_value(bucket integer) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN bucket < 128 THEN bucket::bigint
    ELSE ((64 + (bucket - 64) % 64)::bigint << (bucket / 64 - 1))
      + ((1::bigint << (bucket / 64 - 1)) >> 1)
  END;
COMMENT ON FUNCTION bizclock.bucket_value(integer) IS
  'The value a bucket of the duration sketch stands for: itself below 128, then the middle of its width, within 1/128.';

-- Not STRICT, or it would not be worked out in place; null gives null all the same.
CREATE OR REPLACE FUNCTION bizclock.bucket_of(value bigint) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN value < 64 THEN greatest(value, 0)::integer
    -- The first bit set is 64 − position: so many doublings above 64.
    ELSE 64 * (59 - position(B'1' IN value::bit(64)))
      + ((value >> (58 - position(B'1' IN value::bit(64)))) & 63)::integer
  END;
COMMENT ON FUNCTION bizclock.bucket_of(bigint) IS
  'The bucket of the duration sketch into which a value falls; below 0 as 0.';

CREATE OR REPLACE AGGREGATE bizclock.product(double precision) (
  SFUNC = float8mul, STYPE = double precision, INITCOND = '1', PARALLEL = SAFE
);
COMMENT ON AGGREGATE bizclock.product(double precision) IS 'All values multiplied.';

-- Worked out in place, as a subquery of the statement that asks.
CREATE OR REPLACE FUNCTION bizclock.sketch(days_sketch bigint[], working_sketch bigint[])
  RETURNS TABLE (days boolean, bucket integer, count bigint)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT true, (e >> 32)::integer, e & 4294967295 FROM unnest(days_sketch) AS e
  UNION ALL
  SELECT false, (e >> 32)::integer, e & 4294967295 FROM unnest(working_sketch) AS e;
END;
COMMENT ON FUNCTION bizclock.sketch(bigint[], bigint[]) IS
  'The duration sketches of a metric cell: how many clocks fell into each bucket, of counted days and of office time.';

CREATE OR REPLACE FUNCTION bizclock.office_until(
    before_us bigint, opens timestamptz[], closes timestamptz[], instant timestamptz) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN before_us + (
    SELECT coalesce(sum(extract(epoch FROM greatest(least(instant, h.closes) - h.opens, '0')) * 1000000), 0)::bigint
    FROM unnest(opens, closes) AS h (opens, closes));
COMMENT ON FUNCTION bizclock.office_until(bigint, timestamptz[], timestamptz[], timestamptz) IS
  'Office time (µs) before an instant of a day, from the office time before that day and its office hours.';

-- For many instants: without a subquery in it, it is worked out in place, which office_until is not.
CREATE OR REPLACE FUNCTION bizclock.office_at(
    before_us bigint, opens timestamptz[], closes timestamptz[], instant timestamptz) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN cardinality(opens) > 2 THEN bizclock.office_until(before_us, opens, closes, instant)
    ELSE before_us
      + (extract(epoch FROM greatest(least(instant, closes[1]) - opens[1], '0')) * 1000000)::bigint
      + (extract(epoch FROM greatest(least(instant, closes[2]) - opens[2], '0')) * 1000000)::bigint
  END;
COMMENT ON FUNCTION bizclock.office_at(bigint, timestamptz[], timestamptz[], timestamptz) IS
  'As office_until, for many rows; null where the calendar does not know the day.';

-- Positions 9–17 are the organisation's own code (GB 11714): 11 − Σ mod 11, where 10 is X and 11 is 0. The subqueries
-- are not asked for a text of another length or alphabet.
CREATE OR REPLACE FUNCTION bizclock.uscc_valid(code text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN octet_length(code) <> 18 OR translate(code, '0123456789ABCDEFGHJKLMNPQRTUWXY', '') <> '' THEN false
    ELSE (
        SELECT (31 - sum((strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, w.place, 1)) - 1) * w.weight) % 31) % 31
        FROM unnest(
          ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
          ARRAY[1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]) AS w (place, weight))
        = strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 18, 1)) - 1
      AND (
        SELECT substr(
          '0X987654321',
          (sum((strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, w.place, 1)) - 1) * w.weight) % 11)::integer
            + 1, 1)
        FROM unnest(ARRAY[9, 10, 11, 12, 13, 14, 15, 16], ARRAY[3, 7, 9, 10, 5, 8, 4, 2]) AS w (place, weight))
        = substr(code, 17, 1)
  END;
COMMENT ON FUNCTION bizclock.uscc_valid(text) IS
  'Whether a unified social credit code has 18 characters of its alphabet and both its checks hold (GB 32100-2015).';

-- A void acts on what it names in its own case and source, on another void only if it is later in event order.
-- So over the voids of one case and source, last first: each is settled when its turn comes, because whatever may
-- void it was settled before; a target that was settled already is later or equal, and adding it harms nothing.
CREATE OR REPLACE FUNCTION bizclock.take_void(voided text[], event_id text, voids text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN voids IS NULL OR event_id = ANY (voided) THEN voided ELSE voided || voids END;
COMMENT ON FUNCTION bizclock.take_void(text[], text, text) IS
  'One step of voided_ids: what is voided so far, and what this void names unless it is voided itself.';

CREATE OR REPLACE AGGREGATE bizclock.voided_ids(event_id text, voids text) (
  SFUNC = bizclock.take_void, STYPE = text[], INITCOND = '{}', PARALLEL = SAFE
);
COMMENT ON AGGREGATE bizclock.voided_ids(text, text) IS
  'The events that never happened, of one case and source: over its voids, the last in event order first.';

-- -------------------------------------------------------------------------------------------------- shared views

CREATE OR REPLACE VIEW bizclock.calendar_now AS
WITH moment AS MATERIALIZED (
  SELECT dashboard.now() AS now
)
SELECT
  k.id AS calendar,
  k.time_zone,
  (t.now AT TIME ZONE k.time_zone)::date AS today,
  d.worked_through,
  bizclock.office_until(d.office_before_us, d.opens, d.closes, t.now) AS office_us
FROM bizclock.calendar k
CROSS JOIN moment t
LEFT JOIN bizclock.calendar_day d ON d.calendar = k.id AND d.date = (t.now AT TIME ZONE k.time_zone)::date;
COMMENT ON VIEW bizclock.calendar_now IS 'Each calendar as it stands now; sums are null past the days it knows.';
COMMENT ON COLUMN bizclock.calendar_now.calendar IS 'The calendar''s id.';
COMMENT ON COLUMN bizclock.calendar_now.time_zone IS 'Its time zone.';
COMMENT ON COLUMN bizclock.calendar_now.today IS 'The local date.';
COMMENT ON COLUMN bizclock.calendar_now.worked_through IS 'How many days are worked up to and including today.';
COMMENT ON COLUMN bizclock.calendar_now.office_us IS 'Office time (µs) before now.';

-- Every clock with its measures carried on from the row's mark to now. A stopped or cancelled clock's mark is its
-- end, and its measures are the row's. A running clock's grow by what the calendar ran since the mark; a paused
-- clock's only by time in pause. Where now is before the mark (data a little ahead) nothing grows. Where the
-- calendar does not know today, what needs it is null.
CREATE OR REPLACE VIEW bizclock.clock_now AS
SELECT
  c.case_id, f.process, c.commitment, c.round, c.version_from, f.region, f.grid, f.channel, f.entity_type,
  f.service_window, f.tags, f.report_tag, c.started_at, c.due_at, c.due_day, c.stopped_at, c.stopped_day, c.state,
  c.outcome, c.verdict, c.breached, c.early, c.provisional, c.extended_days, c.calendar, v.limit_text,
  c.counted_days + CASE
    WHEN c.state <> 'running' OR t.today <= c.mark_day THEN 0
    WHEN v.limit_unit = 'calendar_days' THEN t.today - c.mark_day
    ELSE t.worked_through - m.worked_through
  END AS counted_days,
  (c.working_us + CASE
    WHEN c.state <> 'running' OR (SELECT dashboard.now()) <= c.mark_at THEN 0
    ELSE t.office_us - c.mark_office_us
  END) * 0.000001 AS working_seconds,
  c.elapsed_us * 0.000001 + CASE
    WHEN c.state NOT IN ('running', 'paused') OR (SELECT dashboard.now()) <= c.mark_at THEN 0
    ELSE extract(epoch FROM (SELECT dashboard.now()) - c.mark_at)
  END AS elapsed_seconds,
  c.paused_us * 0.000001 + CASE
    WHEN c.state <> 'paused' OR (SELECT dashboard.now()) <= c.mark_at THEN 0
    ELSE extract(epoch FROM (SELECT dashboard.now()) - c.mark_at)
  END AS paused_seconds,
  CASE
    WHEN c.state NOT IN ('running', 'paused') THEN c.overrun_us * 0.000001
    WHEN c.due_at < (SELECT dashboard.now()) THEN extract(epoch FROM (SELECT dashboard.now()) - c.due_at)
  END AS overrun_seconds,
  -- Counted dates after the due day. Running: through today. Paused: up to the day on which the pause began, for
  -- none is counted since. Where the clock's way changed after the due day, the row may tell the count at its mark
  -- (suspended days left out), from which it goes on; without it every worked (calendar) day is taken as counted.
  CASE
    WHEN c.state NOT IN ('running', 'paused') THEN c.overrun_days
    WHEN c.due_at IS NULL OR c.due_at >= (SELECT dashboard.now()) THEN NULL
    WHEN c.mark_day > c.due_day AND c.overrun_days IS NOT NULL THEN c.overrun_days + CASE
      WHEN c.state = 'paused' OR t.today <= c.mark_day THEN 0
      WHEN v.limit_unit = 'calendar_days' THEN t.today - c.mark_day
      ELSE t.worked_through - m.worked_through
    END
    WHEN c.state = 'running' THEN CASE
      WHEN t.today <= c.due_day THEN 0
      WHEN v.limit_unit = 'calendar_days' THEN t.today - c.due_day
      ELSE t.worked_through - d.worked_through
    END
    WHEN c.mark_day <= c.due_day THEN 0
    WHEN v.limit_unit = 'calendar_days' THEN c.mark_day - 1 - c.due_day
    ELSE m.worked_through - m.worked::integer - d.worked_through
  END AS overrun_days,
  CASE
    WHEN c.due_at >= (SELECT dashboard.now()) THEN extract(epoch FROM c.due_at - (SELECT dashboard.now()))
  END AS remaining_seconds,
  -- Worked days of the calendar between today and the due day, whatever the limit's unit; with grace the due day
  -- may be past before the due time is.
  CASE
    WHEN c.due_at < (SELECT dashboard.now()) THEN NULL
    WHEN d.worked_through < t.worked_through THEN 0
    ELSE d.worked_through - t.worked_through
  END AS remaining_working_days,
  CASE
    WHEN c.due_at < (SELECT dashboard.now()) THEN t.worked_through - d.worked_through
  END AS overdue_working_days
FROM bizclock.clock c
LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
LEFT JOIN bizclock.commitment_version v ON v.commitment = c.commitment AND v.version_from = c.version_from
LEFT JOIN bizclock.calendar_now t ON t.calendar = c.calendar
LEFT JOIN bizclock.calendar_day m ON m.calendar = c.calendar AND m.date = c.mark_day
LEFT JOIN bizclock.calendar_day d ON d.calendar = c.calendar AND d.date = c.due_day;
COMMENT ON VIEW bizclock.clock_now IS
  'Every clock with its measures at now; what the views of clocks in schema dashboard show.';

-- What never happened, of each case and source that has voids.
CREATE OR REPLACE VIEW bizclock.voids AS
SELECT
  o.case_id,
  o.source,
  bizclock.voided_ids(
    o.event_id, o.voids ORDER BY o.occurred_at DESC, o.sequence DESC NULLS LAST, o.event_id DESC) AS ids
FROM bizclock.event o
WHERE o.type = 'voided'
GROUP BY o.case_id, o.source;
COMMENT ON VIEW bizclock.voids IS 'The ids of the events that never happened, of each case and source with voids.';

-- Starts and completions of steps in event order, one pass over the log. A completion that comes straight after a
-- start of its step ends the run that the latest start began. One without such a start (none was told, or another
-- completion has ended its run already) counts as finished and has no time. Events without a step belong to none.
CREATE OR REPLACE VIEW bizclock.step_run AS
SELECT
  s.case_id,
  coalesce(f.process, s.process) AS process,
  s.step,
  s.type = 'step_completed' AS finished,
  CASE WHEN s.type = 'step_completed' AND s.type_before = 'step_started' THEN s.occurred_before END AS started_at,
  s.occurred_at
FROM (
  SELECT
    e.case_id, e.process, e.step, e.type, e.occurred_at,
    lag(e.type) OVER steps AS type_before,
    lag(e.occurred_at) OVER steps AS occurred_before
  FROM bizclock.event e
  LEFT JOIN bizclock.voids v ON v.case_id = e.case_id AND v.source = e.source
  WHERE e.type IN ('step_started', 'step_completed') AND e.step IS NOT NULL
    AND (v.ids IS NULL OR e.event_id <> ALL (v.ids))
  -- A start comes before a completion of the same instant: its rank is the lower.
  WINDOW steps AS (
    PARTITION BY e.case_id, e.step
    ORDER BY e.occurred_at, e.sequence NULLS FIRST, e.type = 'step_completed', e.source, e.event_id)
) s
LEFT JOIN bizclock.case_file f ON f.case_id = s.case_id;
COMMENT ON VIEW bizclock.step_run IS 'Each start and each completion of a step that happened, with the start it ends.';

-- -------------------------------------------------------------------------------------------------------- clocks

CREATE OR REPLACE VIEW dashboard.clock AS
SELECT
  c.case_id, c.process, c.commitment, c.round, c.version_from, c.region, c.grid, c.channel, c.entity_type,
  c.service_window, c.tags, c.started_at, c.due_at, c.stopped_at, c.state, c.outcome, c.verdict, c.breached,
  c.counted_days, c.working_seconds, c.elapsed_seconds, c.paused_seconds, c.overrun_seconds, c.overrun_days,
  c.provisional, c.early, c.due_day, c.stopped_day, c.calendar, c.limit_text, c.extended_days, c.report_tag
FROM bizclock.clock_now c;

-- Worst first is earliest due first: the longest overdue, then what is due soonest, then what has no due time yet.
CREATE OR REPLACE VIEW dashboard.open_clock AS
SELECT
  c.case_id, c.process, c.commitment, c.round, c.version_from, c.region, c.grid, c.channel, c.entity_type,
  c.service_window, c.tags, c.started_at, c.due_at, c.stopped_at, c.state, c.outcome, c.verdict, c.breached,
  c.counted_days, c.working_seconds, c.elapsed_seconds, c.paused_seconds, c.overrun_seconds, c.overrun_days,
  c.provisional, c.early, c.due_day, c.stopped_day, c.calendar, c.limit_text, c.extended_days, c.report_tag,
  c.remaining_seconds, c.remaining_working_days, c.overrun_seconds AS overdue_seconds, c.overdue_working_days,
  coalesce(n.name, t.name, y.name) AS region_name
FROM bizclock.clock_now c
LEFT JOIN bizclock.region n ON n.code = c.region
LEFT JOIN bizclock.region t ON t.code = left(c.region, 9)
LEFT JOIN bizclock.region y ON y.code = left(c.region, 6)
WHERE c.state IN ('running', 'paused')
ORDER BY c.due_at NULLS LAST, c.case_id, c.commitment, c.round;

CREATE OR REPLACE VIEW dashboard.overdue AS
SELECT
  c.case_id, c.process, c.commitment, c.round, c.version_from, c.region, c.grid, c.channel, c.entity_type,
  c.service_window, c.tags, c.started_at, c.due_at, c.stopped_at, c.state, c.outcome, c.verdict, c.breached,
  c.counted_days, c.working_seconds, c.elapsed_seconds, c.paused_seconds, c.overrun_seconds, c.overrun_days,
  c.provisional, c.early, c.due_day, c.stopped_day, c.calendar, c.limit_text, c.extended_days, c.report_tag,
  c.overrun_seconds AS overdue_seconds, c.overdue_working_days,
  coalesce(n.name, t.name, y.name) AS region_name
FROM bizclock.clock_now c
LEFT JOIN bizclock.region n ON n.code = c.region
LEFT JOIN bizclock.region t ON t.code = left(c.region, 9)
LEFT JOIN bizclock.region y ON y.code = left(c.region, 6)
WHERE c.state IN ('running', 'paused') AND c.due_at < (SELECT dashboard.now())
ORDER BY c.due_at, c.case_id, c.commitment, c.round;

CREATE OR REPLACE VIEW dashboard.due_soon AS
SELECT
  c.case_id, c.process, c.commitment, c.round, c.version_from, c.region, c.grid, c.channel, c.entity_type,
  c.service_window, c.tags, c.started_at, c.due_at, c.stopped_at, c.state, c.outcome, c.verdict, c.breached,
  c.counted_days, c.working_seconds, c.elapsed_seconds, c.paused_seconds, c.overrun_seconds, c.overrun_days,
  c.provisional, c.early, c.due_day, c.stopped_day, c.calendar, c.limit_text, c.extended_days, c.report_tag,
  c.remaining_seconds, c.remaining_working_days
FROM bizclock.clock_now c
WHERE c.state IN ('running', 'paused') AND c.due_at >= (SELECT dashboard.now()) AND c.remaining_working_days <= 2
ORDER BY c.due_at, c.case_id, c.commitment, c.round;

-- Alerts of shares have no case; apart from the others, so that a condition on the case still finds its key.
CREATE OR REPLACE VIEW dashboard.alert AS
SELECT
  a.case_id || '/' || a.commitment || '/' || a.round || '/' || a.level || '/' || a.revision AS alert_id,
  a.case_id, a.commitment, a.round, a.level, a.revision, a.due_at, a.level_at, a.recorded_at, a.logged_at,
  a.resolved_at, a.withdrawn_at, a.amended_at, a.acknowledged_at, a.acknowledged_by, a.reason, a.retrospective,
  a.feed_stalled, a.priority, a.change_reason, f.process, f.region, f.grid, f.service_window, a.notify,
  -- A region code is a prefix of those within it: 6 digits a city, 9 a town, 12 a community.
  CASE a.notify WHEN 'window' THEN f.region WHEN 'community' THEN left(f.region, 12) WHEN 'town' THEN left(f.region, 9)
    WHEN 'city' THEN left(f.region, 6) END AS notify_region,
  coalesce(c.provisional, false) AS provisional
FROM bizclock.alert a
LEFT JOIN bizclock.case_file f ON f.case_id = a.case_id
LEFT JOIN bizclock.clock c ON c.case_id = a.case_id AND c.commitment = a.commitment AND c.round = a.round
WHERE a.case_id <> ''
UNION ALL
SELECT
  a.commitment || '/' || a.round || '/' || a.level || '/' || a.revision,
  NULL, a.commitment, a.round, a.level, a.revision, a.due_at, a.level_at, a.recorded_at, a.logged_at,
  a.resolved_at, a.withdrawn_at, a.amended_at, a.acknowledged_at, a.acknowledged_by, a.reason, a.retrospective,
  a.feed_stalled, a.priority, a.change_reason,
  (SELECT v.process FROM bizclock.commitment_version v WHERE v.commitment = a.commitment AND v.kind = 'share'),
  NULL, NULL, NULL, a.notify, NULL, false
FROM bizclock.alert a
WHERE a.case_id = '';

-- ------------------------------------------------------------------------------------------------------- on time

-- From metric cells and their sketches alone, never from clocks. A cell that restating has emptied counts as absent;
-- nullif all the same, because a caller's condition on a rate may be tried before that on finished.
-- The quantiles hang on each row by the cells it is made of: whatever a query asks of a row (a month, a prefix of a
-- region) is settled before any bucket is read, and a query that asks for no quantile reads none.
-- q is the nearest rank: the first bucket through which at least q of the clocks have come.

-- A cell's key is the view's key: one row a cell.
CREATE OR REPLACE VIEW dashboard.on_time_daily AS
SELECT
  c.day,
  s.process,
  s.commitment,
  s.version_from,
  nullif(s.region, '') AS region,
  nullif(s.channel, '') AS channel,
  nullif(s.entity_type, '') AS entity_type,
  nullif(s.report_tag, '') AS report_tag,
  s.outcome,
  c.finished::bigint AS finished,
  c.on_time::bigint AS on_time,
  c.late::bigint AS late,
  c.premature::bigint AS premature,
  c.on_time / nullif(c.finished, 0)::double precision AS on_time_rate,
  c.early / nullif(c.finished, 0)::double precision AS early_rate,
  v.compression,
  c.counted_days / nullif(c.finished, 0)::double precision AS mean_counted_days,
  q.median_counted_days,
  q.p90_counted_days,
  q.p95_counted_days,
  c.working_us / (nullif(c.finished, 0) * 3.6e9::double precision) AS mean_working_hours,
  q.median_working_hours,
  q.p90_working_hours,
  q.p95_working_hours,
  c.early::bigint AS early
FROM bizclock.metric_cell c
JOIN bizclock.metric_series s ON s.series = c.series
LEFT JOIN bizclock.commitment_version v ON v.commitment = s.commitment AND v.version_from = s.version_from
LEFT JOIN LATERAL (
  SELECT
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE w.days AND w.through * 2 >= w.n)) AS median_counted_days,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE w.days AND w.through * 10 >= w.n * 9)) AS p90_counted_days,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE w.days AND w.through * 20 >= w.n * 19)) AS p95_counted_days,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 2 >= w.n))
      / 3.6e9::double precision AS median_working_hours,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 10 >= w.n * 9))
      / 3.6e9::double precision AS p90_working_hours,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 20 >= w.n * 19))
      / 3.6e9::double precision AS p95_working_hours
  FROM (
    SELECT
      b.days,
      b.bucket,
      sum(b.count) OVER (PARTITION BY b.days ORDER BY b.bucket) AS through,
      sum(b.count) OVER (PARTITION BY b.days) AS n
    FROM bizclock.sketch(c.days_sketch, c.working_sketch) b
  ) w
) q ON true
WHERE s.basis = 'stop' AND c.finished > 0;

-- Grouped once; the subquery over the sketches stands beside the sums of its group, so that it is worked out once a
-- row, and not at all, with the list of cells it needs, where no quantile is asked for.
CREATE OR REPLACE VIEW dashboard.on_time_monthly AS
SELECT
  c.month,
  c.process,
  c.commitment,
  c.version_from,
  nullif(c.region, '') AS region,
  nullif(c.channel, '') AS channel,
  nullif(c.entity_type, '') AS entity_type,
  nullif(c.report_tag, '') AS report_tag,
  c.outcome,
  c.finished,
  c.on_time,
  c.late,
  c.premature,
  c.on_time / nullif(c.finished, 0)::double precision AS on_time_rate,
  c.early / nullif(c.finished, 0)::double precision AS early_rate,
  v.compression,
  c.counted_days / nullif(c.finished, 0)::double precision AS mean_counted_days,
  bizclock.bucket_value(c.quantile[1]) AS median_counted_days,
  bizclock.bucket_value(c.quantile[2]) AS p90_counted_days,
  bizclock.bucket_value(c.quantile[3]) AS p95_counted_days,
  c.working_us / (nullif(c.finished, 0) * 3.6e9::double precision) AS mean_working_hours,
  bizclock.bucket_value(c.quantile[4]) / 3.6e9::double precision AS median_working_hours,
  bizclock.bucket_value(c.quantile[5]) / 3.6e9::double precision AS p90_working_hours,
  bizclock.bucket_value(c.quantile[6]) / 3.6e9::double precision AS p95_working_hours,
  c.early
FROM (
  SELECT
    date_trunc('month', m.day::timestamp)::date AS month,
    s.process, s.commitment, s.version_from, s.region, s.channel, s.entity_type, s.report_tag, s.outcome,
    sum(m.finished)::bigint AS finished,
    sum(m.on_time)::bigint AS on_time,
    sum(m.late)::bigint AS late,
    sum(m.premature)::bigint AS premature,
    sum(m.early)::bigint AS early,
    sum(m.counted_days)::bigint AS counted_days,
    sum(m.working_us) AS working_us,
    (
      SELECT ARRAY[
        min(w.bucket) FILTER (WHERE w.days AND w.through * 2 >= w.n),
        min(w.bucket) FILTER (WHERE w.days AND w.through * 10 >= w.n * 9),
        min(w.bucket) FILTER (WHERE w.days AND w.through * 20 >= w.n * 19),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 2 >= w.n),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 10 >= w.n * 9),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 20 >= w.n * 19)]
      FROM (
        SELECT
          b.days,
          b.bucket,
          sum(sum(b.count)) OVER (PARTITION BY b.days ORDER BY b.bucket) AS through,
          sum(sum(b.count)) OVER (PARTITION BY b.days) AS n
        FROM unnest(array_agg(m.day), array_agg(m.series)) AS k (day, series)
        JOIN bizclock.metric_cell t ON t.day = k.day AND t.series = k.series
        CROSS JOIN LATERAL bizclock.sketch(t.days_sketch, t.working_sketch) b
        GROUP BY b.days, b.bucket
      ) w
    ) AS quantile
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  WHERE s.basis = 'stop' AND m.finished > 0
  GROUP BY date_trunc('month', m.day::timestamp)::date, s.series
) c
LEFT JOIN bizclock.commitment_version v ON v.commitment = c.commitment AND v.version_from = c.version_from;

-- By date due, with what is still open past it: looking at finished clocks alone hides the worst.
CREATE OR REPLACE VIEW dashboard.on_time_by_due_month AS
SELECT
  u.month,
  u.process,
  u.commitment,
  u.version_from,
  u.region,
  u.channel,
  u.entity_type,
  u.report_tag,
  sum(u.due)::bigint AS due,
  sum(u.on_time)::bigint AS on_time,
  sum(u.late)::bigint AS late,
  sum(u.open_overdue)::bigint AS open_overdue,
  sum(u.on_time) / nullif(sum(u.due), 0)::double precision AS on_time_rate,
  sum(u.premature)::bigint AS premature
FROM (
  SELECT
    date_trunc('month', m.day::timestamp)::date AS month, s.process, s.commitment, s.version_from,
    nullif(s.region, '') AS region, nullif(s.channel, '') AS channel, nullif(s.entity_type, '') AS entity_type,
    nullif(s.report_tag, '') AS report_tag,
    m.finished AS due, m.on_time, m.late, m.premature, 0 AS open_overdue
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  WHERE s.basis = 'due' AND m.finished > 0
  UNION ALL
  SELECT
    date_trunc('month', c.due_day::timestamp)::date, f.process, c.commitment, c.version_from,
    f.region, f.channel, f.entity_type, f.report_tag, 1, 0, 0, 0, 1
  FROM bizclock.clock c
  LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
  WHERE c.state IN ('running', 'paused') AND c.due_at < (SELECT dashboard.now())
) u
GROUP BY
  u.month, u.process, u.commitment, u.version_from, u.region, u.channel, u.entity_type, u.report_tag;

-- Every version is a row, also one under which nothing has finished yet.
CREATE OR REPLACE VIEW dashboard.before_after AS
SELECT
  v.process,
  v.commitment,
  v.version_from,
  v.title_en,
  v.title_zh,
  v.limit_text,
  v.legal_text,
  v.compression,
  coalesce(c.finished, 0) AS finished,
  c.on_time / nullif(c.finished, 0)::double precision AS on_time_rate,
  c.counted_days / nullif(c.finished, 0)::double precision AS mean_counted_days,
  q.median_counted_days,
  q.p90_counted_days,
  coalesce(c.on_time, 0) AS on_time,
  coalesce(c.late, 0) AS late,
  coalesce(c.premature, 0) AS premature,
  v.basis
FROM bizclock.commitment_version v
LEFT JOIN (
  SELECT
    s.commitment, s.version_from,
    sum(m.finished)::bigint AS finished,
    sum(m.on_time)::bigint AS on_time,
    sum(m.late)::bigint AS late,
    sum(m.premature)::bigint AS premature,
    sum(m.counted_days)::bigint AS counted_days
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  WHERE s.basis = 'stop' AND m.finished > 0
  GROUP BY s.commitment, s.version_from
) c ON c.commitment = v.commitment AND c.version_from = v.version_from
LEFT JOIN (
  SELECT
    w.commitment, w.version_from,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE w.through * 2 >= w.n)) AS median_counted_days,
    bizclock.bucket_value(min(w.bucket) FILTER (WHERE w.through * 10 >= w.n * 9)) AS p90_counted_days
  FROM (
    SELECT
      s.commitment, s.version_from, b.bucket,
      sum(sum(b.count)) OVER (PARTITION BY s.commitment, s.version_from ORDER BY b.bucket) AS through,
      sum(sum(b.count)) OVER (PARTITION BY s.commitment, s.version_from) AS n
    FROM bizclock.metric_cell m
    JOIN bizclock.metric_series s ON s.series = m.series
    CROSS JOIN LATERAL bizclock.sketch(m.days_sketch, NULL) b
    WHERE s.basis = 'stop' AND m.finished > 0
    GROUP BY s.commitment, s.version_from, b.bucket
  ) w
  GROUP BY w.commitment, w.version_from
) q ON q.commitment = v.commitment AND q.version_from = v.version_from
WHERE v.kind = 'time';

-- How long cases take, with those that are not done yet. Quantiles of finished cases alone flatter: what takes long is
-- missing among them as long as it takes. So each unfinished clock counts as one that has taken at least what it has
-- taken by now (censored), by the product-limit estimator: E. L. Kaplan, P. Meier, Nonparametric estimation from
-- incomplete observations, J. Amer. Statist. Assoc. 53 (1958) 457-481.
--   S(t) = product over all durations u <= t at which clocks ended of 1 - ended(u) / at_risk(u), at_risk(u): those of
--   at least u, ended or not. One that was left at u is at risk at u: it has run as long.
--   The q-quantile is the first t with S(t) <= 1 - q; where S does not come so low there is none, and it is null. Without
--   unfinished clocks it is the nearest rank. The tolerance is that of floating point: 3/4 * 2/3 is a half.
-- Open clocks are left at now, cancelled ones at their end. Of the ending `any` every stop is an end; of `completed` a
-- rejection is none: a case that is turned away fast is no fast service. There a rejected clock is left at its stop.
-- Finished clocks come from the cells and their sketches; only the unfinished are read one by one.
CREATE OR REPLACE VIEW dashboard.duration_survival AS
WITH ended AS (
  SELECT
    s.commitment, s.version_from, s.outcome = 'rejected' AS rejected, b.days, b.bucket, sum(b.count)::bigint AS clocks
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  CROSS JOIN LATERAL bizclock.sketch(m.days_sketch, m.working_sketch) b
  WHERE s.basis = 'stop' AND m.finished > 0
  GROUP BY s.commitment, s.version_from, s.outcome = 'rejected', b.days, b.bucket
), unfinished AS (
  SELECT c.commitment, c.version_from, c.state = 'cancelled' AS cancelled, c.breached, c.counted_days, c.working_seconds
  FROM bizclock.clock_now c
  WHERE c.state IN ('running', 'paused')
  UNION ALL
  SELECT c.commitment, c.version_from, true, c.breached, c.counted_days, c.working_us * 0.000001
  FROM bizclock.clock c
  WHERE c.state = 'cancelled'
), tally AS (
  SELECT
    e.commitment, e.version_from, k.ending, e.days, e.bucket,
    CASE WHEN k.ending = 'completed' AND e.rejected THEN 0 ELSE e.clocks END AS ended,
    CASE WHEN k.ending = 'completed' AND e.rejected THEN e.clocks ELSE 0 END AS lost
  FROM ended e
  CROSS JOIN (VALUES ('any'), ('completed')) AS k (ending)
  UNION ALL
  SELECT u.commitment, u.version_from, k.ending, m.days, m.bucket, 0, count(*)
  FROM unfinished u
  CROSS JOIN LATERAL (VALUES
    (true, bizclock.bucket_of(u.counted_days)),
    (false, bizclock.bucket_of((u.working_seconds * 1000000)::bigint))) AS m (days, bucket)
  CROSS JOIN (VALUES ('any'), ('completed')) AS k (ending)
  WHERE m.bucket IS NOT NULL
  GROUP BY u.commitment, u.version_from, k.ending, m.days, m.bucket
), step AS (
  SELECT
    t.commitment, t.version_from, t.ending, t.days, t.bucket, sum(t.ended) AS ended,
    -- From the longest down: how many had at least this duration.
    sum(sum(t.ended + t.lost)) OVER (
      PARTITION BY t.commitment, t.version_from, t.ending, t.days ORDER BY t.bucket DESC) AS at_risk
  FROM tally t
  GROUP BY t.commitment, t.version_from, t.ending, t.days, t.bucket
), curve AS (
  SELECT
    s.commitment, s.version_from, s.ending, s.days, s.bucket,
    bizclock.product(1 - (s.ended / s.at_risk)::double precision) OVER w AS survival,
    sum(s.ended) OVER w AS through,
    sum(s.ended) OVER (PARTITION BY s.commitment, s.version_from, s.ending, s.days) AS n
  FROM step s
  WHERE s.ended > 0
  WINDOW w AS (PARTITION BY s.commitment, s.version_from, s.ending, s.days ORDER BY s.bucket)
), quantile AS (
  SELECT
    c.commitment, c.version_from, c.ending,
    min(c.bucket) FILTER (WHERE c.days AND c.through * 2 >= c.n) AS days50,
    min(c.bucket) FILTER (WHERE c.days AND c.through * 10 >= c.n * 9) AS days90,
    min(c.bucket) FILTER (WHERE c.days AND c.through * 20 >= c.n * 19) AS days95,
    min(c.bucket) FILTER (WHERE c.days AND c.survival <= 0.5 + 1e-9) AS km_days50,
    min(c.bucket) FILTER (WHERE c.days AND c.survival <= 0.1 + 1e-9) AS km_days90,
    min(c.bucket) FILTER (WHERE c.days AND c.survival <= 0.05 + 1e-9) AS km_days95,
    min(c.bucket) FILTER (WHERE NOT c.days AND c.through * 2 >= c.n) AS us50,
    min(c.bucket) FILTER (WHERE NOT c.days AND c.through * 10 >= c.n * 9) AS us90,
    min(c.bucket) FILTER (WHERE NOT c.days AND c.survival <= 0.5 + 1e-9) AS km_us50,
    min(c.bucket) FILTER (WHERE NOT c.days AND c.survival <= 0.1 + 1e-9) AS km_us90
  FROM curve c
  GROUP BY c.commitment, c.version_from, c.ending
), counted AS (
  SELECT
    s.commitment, s.version_from, sum(m.finished)::bigint AS finished,
    coalesce(sum(m.finished) FILTER (WHERE s.outcome = 'rejected'), 0)::bigint AS rejected
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  WHERE s.basis = 'stop' AND m.finished > 0
  GROUP BY s.commitment, s.version_from
), left_over AS (
  SELECT
    u.commitment, u.version_from, count(*) FILTER (WHERE NOT u.cancelled) AS open,
    count(*) FILTER (WHERE u.cancelled) AS cancelled,
    count(*) FILTER (WHERE u.cancelled AND u.breached) AS cancelled_overdue
  FROM unfinished u
  GROUP BY u.commitment, u.version_from
)
SELECT
  v.process,
  v.commitment,
  v.version_from,
  k.ending,
  coalesce(CASE k.ending WHEN 'any' THEN f.finished ELSE f.finished - f.rejected END, 0) AS ended,
  coalesce(f.rejected, 0) AS rejected,
  coalesce(o.open, 0) AS open,
  coalesce(o.cancelled, 0) AS cancelled,
  coalesce(o.cancelled_overdue, 0) AS cancelled_overdue,
  bizclock.bucket_value(q.days50) AS median_counted_days,
  bizclock.bucket_value(q.days90) AS p90_counted_days,
  bizclock.bucket_value(q.days95) AS p95_counted_days,
  bizclock.bucket_value(q.km_days50) AS km_median_counted_days,
  bizclock.bucket_value(q.km_days90) AS km_p90_counted_days,
  bizclock.bucket_value(q.km_days95) AS km_p95_counted_days,
  bizclock.bucket_value(q.us50) / 3.6e9::double precision AS median_working_hours,
  bizclock.bucket_value(q.us90) / 3.6e9::double precision AS p90_working_hours,
  bizclock.bucket_value(q.km_us50) / 3.6e9::double precision AS km_median_working_hours,
  bizclock.bucket_value(q.km_us90) / 3.6e9::double precision AS km_p90_working_hours,
  v.limit_text
FROM bizclock.commitment_version v
CROSS JOIN (VALUES ('any'), ('completed')) AS k (ending)
LEFT JOIN counted f ON f.commitment = v.commitment AND f.version_from = v.version_from
LEFT JOIN left_over o ON o.commitment = v.commitment AND o.version_from = v.version_from
LEFT JOIN quantile q ON q.commitment = v.commitment AND q.version_from = v.version_from AND q.ending = k.ending
WHERE v.kind = 'time';

-- As on_time_monthly, but by region alone: a cell counts at each length of prefix that its region has, in the row of
-- the province, of the prefecture, of the county and so on; where the region is not known, in a row of its own. A row
-- takes in all versions, so its compression is the mean over the clocks for which the law sets a limit.
-- A condition on the month or the region is settled on the cells, before they are added up.
CREATE OR REPLACE VIEW dashboard.region_rollup AS
SELECT
  c.month,
  nullif(c.region, '') AS region,
  r.name AS region_name,
  nullif(length(c.region), 0) AS digits,
  c.process,
  c.commitment,
  c.finished,
  c.on_time,
  c.late,
  c.premature,
  c.on_time / nullif(c.finished, 0)::double precision AS on_time_rate,
  c.early / nullif(c.finished, 0)::double precision AS early_rate,
  c.compression,
  c.counted_days / nullif(c.finished, 0)::double precision AS mean_counted_days,
  bizclock.bucket_value(c.quantile[1]) AS median_counted_days,
  bizclock.bucket_value(c.quantile[2]) AS p90_counted_days,
  bizclock.bucket_value(c.quantile[3]) AS p95_counted_days,
  c.working_us / (nullif(c.finished, 0) * 3.6e9::double precision) AS mean_working_hours,
  bizclock.bucket_value(c.quantile[4]) / 3.6e9::double precision AS median_working_hours,
  bizclock.bucket_value(c.quantile[5]) / 3.6e9::double precision AS p90_working_hours,
  bizclock.bucket_value(c.quantile[6]) / 3.6e9::double precision AS p95_working_hours,
  c.early
FROM (
  SELECT
    date_trunc('month', m.day::timestamp)::date AS month,
    p.region,
    s.process, s.commitment,
    sum(m.finished)::bigint AS finished,
    sum(m.on_time)::bigint AS on_time,
    sum(m.late)::bigint AS late,
    sum(m.premature)::bigint AS premature,
    sum(m.early)::bigint AS early,
    sum(m.counted_days)::bigint AS counted_days,
    sum(m.working_us) AS working_us,
    sum(m.finished * v.compression)
      / nullif(sum(m.finished) FILTER (WHERE v.compression IS NOT NULL), 0)::double precision AS compression,
    (
      SELECT ARRAY[
        min(w.bucket) FILTER (WHERE w.days AND w.through * 2 >= w.n),
        min(w.bucket) FILTER (WHERE w.days AND w.through * 10 >= w.n * 9),
        min(w.bucket) FILTER (WHERE w.days AND w.through * 20 >= w.n * 19),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 2 >= w.n),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 10 >= w.n * 9),
        min(w.bucket) FILTER (WHERE NOT w.days AND w.through * 20 >= w.n * 19)]
      FROM (
        SELECT
          b.days,
          b.bucket,
          sum(sum(b.count)) OVER (PARTITION BY b.days ORDER BY b.bucket) AS through,
          sum(sum(b.count)) OVER (PARTITION BY b.days) AS n
        FROM unnest(array_agg(m.day), array_agg(m.series)) AS k (day, series)
        JOIN bizclock.metric_cell t ON t.day = k.day AND t.series = k.series
        CROSS JOIN LATERAL bizclock.sketch(t.days_sketch, t.working_sketch) b
        GROUP BY b.days, b.bucket
      ) w
    ) AS quantile
  FROM bizclock.metric_cell m
  JOIN bizclock.metric_series s ON s.series = m.series
  -- The prefixes stand here by name, for the planner to know that they are few.
  JOIN LATERAL (VALUES (0, ''), (2, left(s.region, 2)), (4, left(s.region, 4)), (6, left(s.region, 6)),
    (9, left(s.region, 9)), (12, left(s.region, 12))) AS p (digits, region)
    ON (s.region = '' AND p.digits = 0) OR (p.digits > 0 AND length(s.region) >= p.digits)
  LEFT JOIN bizclock.commitment_version v ON v.commitment = s.commitment AND v.version_from = s.version_from
  WHERE s.basis = 'stop' AND m.finished > 0
  GROUP BY date_trunc('month', m.day::timestamp)::date, p.region, s.process, s.commitment
) c
LEFT JOIN bizclock.region r ON r.code = c.region;

-- What was believed at a moment: verdicts that stand and were recorded by then, and those that were believed then and
-- have changed since. It reads clocks, not cells, and is as slow as the clocks are many; the quantiles go through the
-- sketch all the same, so that they are those that on_time_monthly told then.
-- bizclock_dashboard may call it and sees no clock: it runs with its owner's rights, every name in it is qualified,
-- and its search_path is pinned.
CREATE OR REPLACE FUNCTION dashboard.on_time_as_of(at timestamptz, "from" date, "to" date)
  RETURNS TABLE (
    process text, commitment text, version_from date, region text, channel text, entity_type text, report_tag text,
    outcome text, finished bigint, on_time bigint, late bigint, premature bigint, on_time_rate double precision,
    early_rate double precision, mean_counted_days double precision, median_counted_days integer,
    p90_counted_days integer, p95_counted_days integer, mean_working_hours double precision,
    median_working_hours double precision, p90_working_hours double precision, p95_working_hours double precision,
    early bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT
    g.process, g.commitment, g.version_from, g.region, g.channel, g.entity_type, g.report_tag, g.outcome,
    g.finished, g.on_time, g.late, g.premature,
    g.on_time / g.finished::double precision,
    g.early / g.finished::double precision,
    g.counted_days / g.finished::double precision,
    bizclock.bucket_value(g.days[1])::integer, bizclock.bucket_value(g.days[2])::integer,
    bizclock.bucket_value(g.days[3])::integer,
    g.working_us / (g.finished * 3.6e9::double precision),
    bizclock.bucket_value(g.office[1]) / 3.6e9::double precision,
    bizclock.bucket_value(g.office[2]) / 3.6e9::double precision,
    bizclock.bucket_value(g.office[3]) / 3.6e9::double precision,
    g.early
  FROM (
    SELECT
      k.process, k.commitment, k.version_from, k.region, k.channel, k.entity_type, k.report_tag, k.outcome,
      count(*) AS finished,
      count(*) FILTER (WHERE k.verdict = 'on_time') AS on_time,
      count(*) FILTER (WHERE k.verdict = 'late') AS late,
      count(*) FILTER (WHERE k.verdict = 'premature') AS premature,
      count(*) FILTER (WHERE k.early) AS early,
      sum(k.counted_days) AS counted_days,
      sum(k.working_us) AS working_us,
      percentile_disc(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY bizclock.bucket_of(k.counted_days)) AS days,
      percentile_disc(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY bizclock.bucket_of(k.working_us)) AS office
    FROM (
      SELECT
        nullif(f.process, '') AS process, c.commitment, c.version_from, nullif(f.region, '') AS region,
        nullif(f.channel, '') AS channel, nullif(f.entity_type, '') AS entity_type,
        nullif(f.report_tag, '') AS report_tag, c.outcome, c.verdict, c.early, c.counted_days, c.working_us
      FROM bizclock.clock c
      LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.verdict IS NOT NULL AND c.stopped_day BETWEEN $2 AND $3 AND c.verdict_recorded_at <= $1
      UNION ALL
      SELECT
        nullif(h.process, ''), h.commitment, h.version_from, nullif(h.region, ''), nullif(h.channel, ''),
        nullif(h.entity_type, ''), nullif(h.report_tag, ''), h.outcome, h.verdict, h.early, h.counted_days,
        h.working_us
      FROM bizclock.verdict_history h
      WHERE h.verdict IS NOT NULL AND h.stopped_day BETWEEN $2 AND $3 AND h.known_from <= $1 AND h.known_until > $1
    ) k
    GROUP BY k.process, k.commitment, k.version_from, k.region, k.channel, k.entity_type, k.report_tag, k.outcome
  ) g
  ORDER BY g.process, g.commitment, g.version_from, g.region, g.channel, g.entity_type, g.report_tag, g.outcome
$$;
COMMENT ON FUNCTION dashboard.on_time_as_of(timestamptz, date, date) IS
  'The on-time report of the clocks that stopped on the dates "from" to "to", as it was known at `at`; columns as in '
  'on_time_monthly.';

-- --------------------------------------------------------------------------------------------------------- steps

-- Time is office time by the process's main calendar, which is that of its first commitment; pauses count, for the
-- step lay somewhere all the same. The case's time is reckoned the same way from its first event to its last, over
-- all cases of the process: a step that few cases have has a small share, and steps that run side by side may have
-- more than 1 together. Quantiles are exact, by nearest rank.
CREATE OR REPLACE VIEW dashboard.step_time AS
WITH main AS (
  SELECT DISTINCT ON (v.process) v.process, v.calendar, k.time_zone
  FROM bizclock.commitment_version v
  LEFT JOIN bizclock.calendar_now k ON k.calendar = v.calendar
  WHERE v.kind = 'time'
  ORDER BY v.process, v.ordinal, v.version_from
)
SELECT
  s.process,
  s.step,
  s.started,
  s.finished,
  s.quantile[1] / 3.6e9::double precision AS median_working_hours,
  s.quantile[2] / 3.6e9::double precision AS p90_working_hours,
  s.working_us / nullif(c.working_us, 0)::double precision AS share_of_case_time,
  s.measured,
  s.working_us / (nullif(s.measured, 0) * 3.6e9::double precision) AS mean_working_hours,
  s.quantile[3] / 3.6e9::double precision AS p95_working_hours
FROM (
  SELECT
    r.process,
    r.step,
    count(*) FILTER (WHERE NOT r.finished) AS started,
    count(*) FILTER (WHERE r.finished) AS finished,
    count(o.working_us) AS measured,
    sum(o.working_us) AS working_us,
    percentile_disc(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY o.working_us) AS quantile
  FROM bizclock.step_run r
  LEFT JOIN main m ON m.process = r.process
  LEFT JOIN bizclock.calendar_day a
    ON a.calendar = m.calendar AND a.date = (r.started_at AT TIME ZONE m.time_zone)::date
  LEFT JOIN bizclock.calendar_day b
    ON b.calendar = m.calendar AND b.date = (r.occurred_at AT TIME ZONE m.time_zone)::date
  CROSS JOIN LATERAL (
    SELECT
      bizclock.office_at(b.office_before_us, b.opens, b.closes, r.occurred_at)
        - bizclock.office_at(a.office_before_us, a.opens, a.closes, r.started_at) AS working_us
    OFFSET 0  -- Once a row, before the rows are sorted: else office hours would be sorted along with them.
  ) o
  GROUP BY r.process, r.step
) s
LEFT JOIN (
  SELECT
    f.process,
    sum(
      bizclock.office_at(b.office_before_us, b.opens, b.closes, f.last_occurred_at)
        - bizclock.office_at(a.office_before_us, a.opens, a.closes, f.first_occurred_at)) AS working_us
  FROM bizclock.case_file f
  JOIN main m ON m.process = f.process
  JOIN bizclock.calendar_day a
    ON a.calendar = m.calendar AND a.date = (f.first_occurred_at AT TIME ZONE m.time_zone)::date
  JOIN bizclock.calendar_day b
    ON b.calendar = m.calendar AND b.date = (f.last_occurred_at AT TIME ZONE m.time_zone)::date
  GROUP BY f.process
) c ON c.process = s.process;

-- -------------------------------------------------------------------------------------------------------- shares

-- Of a period that runs, best_share is the share with which it would end if it went on at the pace of its worked
-- days so far, at least to the population of the period before, and everything to come counted: what the alert
-- `unreachable` rests on at the end of each day. Compared exactly: targets are numeric, counts are whole.
CREATE OR REPLACE VIEW dashboard.share_monthly AS
WITH share AS (
  SELECT
    v.commitment, v.process, v.period AS unit, v.target, v.title_en, v.title_zh, v.calendar,
    CASE v.period
      WHEN 'month' THEN interval '1 month' WHEN 'quarter' THEN interval '3 months' ELSE interval '1 year'
    END AS length
  FROM bizclock.commitment_version v
  WHERE v.kind = 'share'
), period AS (
  SELECT
    s.commitment, date_trunc(s.unit, c.day::timestamp)::date AS period,
    sum(c.population)::bigint AS population, sum(c.counted)::bigint AS counted
  FROM share s
  JOIN bizclock.share_cell c ON c.commitment = s.commitment
  GROUP BY s.commitment, date_trunc(s.unit, c.day::timestamp)::date
)
SELECT
  s.commitment,
  p.period,
  p.population,
  p.counted,
  p.counted / nullif(p.population, 0)::double precision AS share,
  s.target,
  CASE WHEN p.population > 0 AND t.today > e.period_end THEN p.counted >= s.target * p.population END AS met,
  e.period_end,
  CASE WHEN t.today <= e.period_end AND p.population > 0 AND w.run > 0 THEN
    ((p.counted + w.rest) / (p.population + w.rest))::double precision
  END AS best_share,
  CASE
    WHEN p.counted >= s.target * p.population THEN 0
    WHEN s.target < 1 THEN ceil((s.target * p.population - p.counted) / (1 - s.target))::bigint
  END AS needed,
  s.title_en,
  s.title_zh,
  s.process
FROM period p
JOIN share s ON s.commitment = p.commitment
CROSS JOIN LATERAL (SELECT (p.period + s.length)::date - 1 AS period_end) e
LEFT JOIN period b ON b.commitment = p.commitment AND b.period = (p.period - s.length)::date
LEFT JOIN bizclock.calendar_now t ON t.calendar = s.calendar
LEFT JOIN bizclock.calendar_day f ON f.calendar = s.calendar AND f.date = p.period
LEFT JOIN bizclock.calendar_day l ON l.calendar = s.calendar AND l.date = e.period_end
LEFT JOIN LATERAL (
  SELECT
    d.run,
    greatest(
      p.population::numeric * (l.worked_through - t.worked_through) / nullif(d.run, 0), b.population - p.population, 0
    ) AS rest
  FROM (SELECT t.worked_through - f.worked_through + f.worked::integer AS run) d
) w ON true;

-- -------------------------------------------------------------------------------------------------------- pauses

-- Each pause by itself, as it was told: overlapping ones each show the time and the days they would take alone.
-- b is the day on which the pause ends (one that ends at 24:00 ends on the day that it closes), or today. A day is
-- suspended if the pause holds at its end, or ends on it after beginning on an earlier one and taking office time.
-- An open pause holds at every end. Days up to s, from which days are counted, are counted for nobody and taken from
-- nobody.
CREATE OR REPLACE VIEW dashboard.pause_audit AS
SELECT
  c.case_id,
  f.process,
  c.commitment,
  c.round,
  p.kind,
  p.began AS "from",
  p.ended AS "to",
  extract(epoch FROM p.until - p.began) AS paused_seconds,
  u.office_us * 0.000001 AS working_seconds,
  CASE
    WHEN p.until < p.began OR (p.ended = p.began) THEN 0
    ELSE
      CASE v.limit_unit
        WHEN 'calendar_days' THEN greatest(b.date - 1 - greatest(a.date, s.date), 0)
        ELSE greatest(b.worked_through - b.worked::integer - greatest(a.worked_through, s.worked_through), 0)
      END
      + (a.date > s.date AND d.a_counts AND p.began < d.a_end AND coalesce(p.ended, 'infinity') >= d.a_end)::integer
      + (b.date > a.date AND b.date > s.date AND d.b_counts
        AND (u.office_us > 0 OR p.ended IS NULL OR p.ended >= d.b_end))::integer
  END AS suspended_days,
  CASE WHEN p.kind = 'correction_requested' THEN p.nth END AS correction_round,
  c.state,
  f.region,
  f.service_window
FROM bizclock.clock c
CROSS JOIN LATERAL (
  SELECT
    t.kind, t.began, t.ended, greatest(coalesce(t.ended, (SELECT dashboard.now())), t.began) AS until,
    row_number() OVER (PARTITION BY t.kind ORDER BY t.began, t.n) AS nth
  FROM unnest(c.pause_kind, c.pause_from, c.pause_to) WITH ORDINALITY AS t (kind, began, ended, n)
) p
LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
LEFT JOIN bizclock.commitment_version v ON v.commitment = c.commitment AND v.version_from = c.version_from
LEFT JOIN bizclock.calendar_now k ON k.calendar = c.calendar
LEFT JOIN bizclock.calendar_day a ON a.calendar = c.calendar AND a.date = (p.began AT TIME ZONE k.time_zone)::date
LEFT JOIN bizclock.calendar_day b
  ON b.calendar = c.calendar
  AND b.date = ((CASE WHEN p.ended > p.began THEN p.ended - interval '1 microsecond' ELSE p.until END)
    AT TIME ZONE k.time_zone)::date
-- The date of the start, and where the version counts from a worked one, the next.
LEFT JOIN bizclock.calendar_day z ON z.calendar = c.calendar AND z.date = (c.started_at AT TIME ZONE k.time_zone)::date
LEFT JOIN bizclock.calendar_day n
  ON v.start_rule = 'next_working_day' AND (NOT z.worked OR c.started_at > z.close_at)
  AND n.calendar = z.calendar AND n.worked AND n.worked_through = z.worked_through + 1
CROSS JOIN LATERAL (
  SELECT coalesce(n.date, z.date) AS date, coalesce(n.worked_through, z.worked_through) AS worked_through
) s
CROSS JOIN LATERAL (
  SELECT
    a.worked OR v.limit_unit = 'calendar_days' AS a_counts,
    b.worked OR v.limit_unit = 'calendar_days' AS b_counts,
    CASE v.day_end WHEN 'midnight' THEN a.next_midnight ELSE a.close_at END AS a_end,
    CASE v.day_end WHEN 'midnight' THEN b.next_midnight ELSE b.close_at END AS b_end
) d
LEFT JOIN LATERAL (
  SELECT
    bizclock.office_until(b.office_before_us, b.opens, b.closes, p.until)
      - bizclock.office_until(a.office_before_us, a.opens, a.closes, p.began) AS office_us
) u ON true;

-- -------------------------------------------------------------------------------------------------------- events

-- What happened: without voids and what they void. Attributes of the case fill those that an event leaves out;
-- channel, service window and step are the event's own. The name of an individual (and of an entity whose type is
-- not known, or neither enterprise nor cooperative: it may be one) is shown only where the configuration says so,
-- whatever the type was corrected to; and so is the number of an identity card that stands for their code.
CREATE OR REPLACE VIEW dashboard.event_log AS
SELECT
  e.case_id,
  e.type || coalesce(':' || e.step, '') AS activity,
  e.occurred_at,
  e.sequence,
  coalesce(e.process, f.process) AS process,
  e.type,
  e.step,
  coalesce(e.region, f.region) AS region,
  coalesce(e.grid, f.grid) AS grid,
  e.channel,
  e.service_window,
  coalesce(f.entity_type, e.entity_type) AS entity_type,
  CASE WHEN n.shown THEN coalesce(e.entity_name, f.entity_name) END AS entity_name,
  CASE
    WHEN n.shown OR coalesce(e.uscc, f.uscc) !~ '^[1-8][0-9]{5}(19|20)[0-9]{9}[0-9Xx]$|^[1-8][0-9]{14}$'
      THEN coalesce(e.uscc, f.uscc)
  END AS uscc,
  coalesce(e.tags, f.tags) AS tags,
  e.extend_days,
  e.source,
  e.event_id,
  e.received_at,
  bizclock.uscc_valid(coalesce(e.uscc, f.uscc)) AS uscc_valid
FROM bizclock.event e
LEFT JOIN bizclock.case_file f ON f.case_id = e.case_id
LEFT JOIN bizclock.voids v ON v.case_id = e.case_id AND v.source = e.source
CROSS JOIN LATERAL (
  SELECT (NOT f.may_be_individual AND coalesce(e.entity_type, f.entity_type) IN ('enterprise', 'cooperative'))
    OR (SELECT s.value = 'true' FROM bizclock.setting s WHERE s.name = 'show_individual_names') AS shown
) n
WHERE e.type <> 'voided' AND (v.ids IS NULL OR e.event_id <> ALL (v.ids))
ORDER BY
  e.case_id, e.occurred_at, e.sequence NULLS FIRST,
  array_position(
    ARRAY[
      'submitted', 'accepted', 'correction_requested', 'correction_received', 'suspended', 'resumed', 'extended',
      'step_started', 'step_completed', 'notice_published', 'objection_raised', 'notice_ended', 'rejected',
      'completed', 'reopened', 'withdrawn'],
    e.type) NULLS LAST,
  e.source, e.event_id;

-- ---------------------------------------------------------------------------------------------- feeds and lag

CREATE OR REPLACE VIEW dashboard.feed_health AS
SELECT
  f.name AS feed,
  f.source,
  f.last_event_at,
  f.last_received_at,
  CASE
    WHEN f.last_event_at <= (SELECT dashboard.now()) THEN extract(epoch FROM (SELECT dashboard.now()) - f.last_event_at)
    WHEN f.last_event_at IS NOT NULL THEN 0
  END AS lag_seconds,
  f.received,
  f.duplicates,
  f.quarantined,
  f.stalled
FROM bizclock.feed f
-- One that was in a configuration for a while, misspelt perhaps, and never brought anything is none.
WHERE f.received > 0 OR f.duplicates > 0 OR f.quarantined > 0
  OR coalesce(f.served_at >= (SELECT max(l.served_at) FROM bizclock.feed l) - interval '30 minutes', true);

-- Retrospective alerts were not to be seen coming, and the instant of an amended one is not that it was raised for.
-- Nor could one be seen that data told which came after its instant: it is measured from their coming, so that late
-- data do not make the timer look slow. One that was not reached after all, told while the database was away, is not
-- measured either. What a change of rules told (it came as it was recorded) is not measured.
CREATE OR REPLACE VIEW dashboard.detection_lag AS
SELECT
  date_trunc('hour', a.recorded_at, 'UTC') AS hour,
  a.level,
  count(a.recorded_at) AS alerts,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY a.recorded_ms) AS p50_ms,
  percentile_disc(0.99) WITHIN GROUP (ORDER BY a.recorded_ms) AS p99_ms,
  max(a.recorded_ms) AS max_ms,
  count(a.logged_ms) AS logged,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY a.logged_ms) AS logged_p50_ms,
  percentile_disc(0.99) WITHIN GROUP (ORDER BY a.logged_ms) AS logged_p99_ms,
  max(a.logged_ms) AS logged_max_ms,
  count(a.data_at) AS by_late_data
FROM (
  SELECT
    l.recorded_at, l.level, l.data_at,
    extract(epoch FROM l.recorded_at - greatest(l.level_at, l.data_at)) * 1000 AS recorded_ms,
    extract(epoch FROM l.logged_at - greatest(l.level_at, l.data_at)) * 1000 AS logged_ms
  FROM bizclock.alert l
  WHERE NOT l.retrospective AND l.amended_at IS NULL AND l.data_at IS DISTINCT FROM l.recorded_at
    AND l.change_reason IS DISTINCT FROM 'never_reached'
) a
GROUP BY date_trunc('hour', a.recorded_at, 'UTC'), a.level;

-- ----------------------------------------------------------------------------------------------------- calendars

CREATE OR REPLACE VIEW dashboard.calendar_day AS
SELECT
  d.calendar,
  d.date,
  to_char(d.date, 'FMDay') AS weekday,
  d.worked,
  d.kind,
  d.name,
  d.published,
  (
    SELECT string_agg(
      to_char(h.opens AT TIME ZONE k.time_zone, 'HH24:MI') || '-' || CASE
        WHEN (h.closes AT TIME ZONE k.time_zone)::date > d.date THEN '24:00'
        ELSE to_char(h.closes AT TIME ZONE k.time_zone, 'HH24:MI')
      END, ' ' ORDER BY h.opens)
    FROM unnest(d.opens, d.closes) AS h (opens, closes)
    WHERE d.worked
  ) AS office_hours,
  k.time_zone
FROM bizclock.calendar_day d
JOIN bizclock.calendar k ON k.id = d.calendar;

-- ------------------------------------------------------------------------------------------------------- regions

CREATE OR REPLACE VIEW dashboard.region AS
SELECT
  r.code,
  r.name,
  r.name_en,
  p.prefix AS parent,
  array_position(ARRAY[2, 4, 6, 9, 12], length(r.code)) AS level,
  (ARRAY['province', 'prefecture', 'county', 'town', 'community'])[
    array_position(ARRAY[2, 4, 6, 9, 12], length(r.code))] AS unit,
  n.name AS parent_name,
  length(r.code) AS digits
FROM bizclock.region r
CROSS JOIN LATERAL (
  SELECT left(r.code, CASE length(r.code) WHEN 4 THEN 2 WHEN 6 THEN 4 WHEN 9 THEN 6 WHEN 12 THEN 9 END) AS prefix
) p
LEFT JOIN bizclock.region n ON n.code = p.prefix;

-- ------------------------------------------------------------------------------------------------------ comments

COMMENT ON VIEW dashboard.clock IS
  'One row a clock: a commitment applied to a case, by round. Measures of open clocks stand for now.';
COMMENT ON VIEW dashboard.open_clock IS 'Running and paused clocks, worst first; past due or not.';
COMMENT ON VIEW dashboard.overdue IS 'Running and paused clocks past their due time, longest overdue first.';
COMMENT ON VIEW dashboard.due_soon IS
  'Running and paused clocks due within two working days of their calendar and not past due, next due first.';
COMMENT ON VIEW dashboard.alert IS
  'One row an alert: a clock or a share reached a level; with detection, logging, acknowledgement and correction.';
COMMENT ON VIEW dashboard.on_time_daily IS
  'Finished clocks by date of stop × process × commitment × version × region × channel × entity type × tag × outcome.';
COMMENT ON VIEW dashboard.on_time_monthly IS 'As on_time_daily, by month of stop.';
COMMENT ON VIEW dashboard.on_time_by_due_month IS
  'Clocks by month of their due day, whatever the outcome: finished ones, and open ones that are past due, which count as not on time. Cancelled ones have no due day.';
COMMENT ON VIEW dashboard.before_after IS
  'Each version of each commitment over all time: what was promised and what was kept, before and after a change.';
COMMENT ON VIEW dashboard.duration_survival IS
  'How long clocks take, by commitment × version × ending: of those that ended, and with the unfinished (Kaplan-Meier).';
COMMENT ON VIEW dashboard.region_rollup IS
  'Finished clocks by month of stop × commitment × region prefix: provinces, prefectures, counties, towns, communities.';
COMMENT ON VIEW dashboard.step_time IS
  'Each step of each process, over all time: how often it was started and finished, and what time it takes.';
COMMENT ON VIEW dashboard.share_monthly IS
  'One row a share commitment and period in which anything happened: of the events of its population, how many count.';
COMMENT ON VIEW dashboard.pause_audit IS
  'One row a pause of a clock by events, each by itself: what it took from the count.';
COMMENT ON VIEW dashboard.feed_health IS 'One row a feed: what it has brought and how far it is behind.';
COMMENT ON VIEW dashboard.detection_lag IS
  'By hour of recording and level: how long after it could be known a level was recorded, and logged; milliseconds.';
COMMENT ON VIEW dashboard.event_log IS
  'Events that were not voided, by case and in event order: case, activity, time, as process-mining tools read them.';
COMMENT ON VIEW dashboard.calendar_day IS 'The calendars in force, day by day.';
COMMENT ON VIEW dashboard.region IS 'The regions whose names the policy in force knows.';

-- A column's name means the same in every view; what only one view has or means comes after.
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.relname, w.name, w.says
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN (VALUES
      ('case_id', 'Number of the case (办件编号).'),
      ('process', 'The process, as the policy names it: opening, deregistration, …'),
      ('commitment', 'The commitment''s id in the policy.'),
      ('round', '1, 2, …: a start after a cancel or a rejection is a new round.'),
      ('version_from', 'The first date of the commitment version that judges the clock.'),
      ('region', 'Region code (2, 4, 6, 9 or 12 digits); null where not known.'),
      ('grid', 'The smallest unit of the service grid (resident group); null where not known.'),
      ('channel', 'online, window, self_service, …; null where not known.'),
      ('entity_type', 'enterprise, individual or cooperative; null where not known.'),
      ('service_window', 'The service window that took the case in; null where not known.'),
      ('tags', 'Tags of the case.'),
      ('report_tag', 'The first of the policy''s report tags that the case has; null without one.'),
      ('started_at', 'When the clock started.'),
      ('due_at', 'When it is due, grace included; null while unknown (open-ended pause) and for cancelled clocks.'),
      ('due_day', 'The local date on which it is due, before grace.'),
      ('stopped_at', 'When it stopped or was cancelled.'),
      ('stopped_day', 'The local date on which it stopped or was cancelled.'),
      ('state', 'running, paused, stopped or cancelled.'),
      ('outcome', 'Type of the event that stopped or cancelled it.'),
      ('verdict', 'on_time, late or premature, of a stopped clock; null of any other.'),
      ('breached', 'Of a cancelled clock: whether it was already past due.'),
      ('early', 'Stopped on time on a date before the due day.'),
      ('counted_days', 'Counted days since the start date, in the limit''s way of counting.'),
      ('working_seconds', 'Office time while the clock ran.'),
      ('elapsed_seconds', 'Plain time since the start.'),
      ('paused_seconds', 'Plain time in pauses.'),
      ('overrun_seconds', 'Plain time past due, of late and of open overdue clocks; else null.'),
      ('overrun_days', 'Counted days after the due day, of late and of open overdue clocks; 0 reads less than a day.'),
      ('provisional', 'Whether the due time rests on a day for which the calendar is not published.'),
      ('calendar', 'The calendar''s id.'),
      ('limit_text', 'The promised limit, as the policy writes it.'),
      ('extended_days', 'Days that extensions added to the limit.'),
      ('remaining_seconds', 'Plain time until due; null if unknown or past.'),
      ('remaining_working_days', 'Worked days after today up to the due day; null if unknown or past due.'),
      ('overdue_seconds', 'Plain time past due; null if not.'),
      ('overdue_working_days', 'Worked days after the due day up to today; null if not past due.'),
      ('month', 'First day of the month.'),
      ('finished', 'Clocks that stopped.'),
      ('on_time', 'Of these, on time.'),
      ('late', 'Of these, late.'),
      ('premature', 'Of these, stopped before the floor had run.'),
      ('on_time_rate', 'On-time rate (按时办结率), 0…1: on_time / finished; null where nothing finished.'),
      ('early_rate', 'Early rate (提前办结率), 0…1: early / finished; null where nothing finished.'),
      ('compression', 'Compression of the limit (承诺时限压缩率): (legal − promised) / legal; null without a legal limit.'),
      ('mean_counted_days', 'Mean of counted days.'),
      ('median_counted_days', 'Median of counted days, by nearest rank; exact up to 127.'),
      ('p90_counted_days', '90th percentile of counted days, by nearest rank; exact up to 127.'),
      ('p95_counted_days', '95th percentile of counted days, by nearest rank; exact up to 127.'),
      ('mean_working_hours', 'Mean office time, in hours.'),
      ('median_working_hours', 'Median office time in hours, by nearest rank, within 1/128.'),
      ('p90_working_hours', '90th percentile of office time in hours, by nearest rank, within 1/128.'),
      ('p95_working_hours', '95th percentile of office time in hours, by nearest rank, within 1/128.'),
      ('title_en', 'The commitment''s title in English.'),
      ('title_zh', 'The commitment''s title in Chinese.'),
      ('legal_text', 'The limit set by law, as the policy writes it.'),
      ('level', 'The level''s name: yellow, red, escalated, …'),
      ('region_name', 'Name of the region, or of the smallest one around it that has one.'),
      ('digits', 'How many digits the region''s code has: 2, 4, 6, 9 or 12.'),
      ('source', 'The system that the events come from.')
    ) AS w (name, says) ON w.name = a.attname
    WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
      AND c.relname = ANY (bizclock.dashboard_views())
  LOOP
    EXECUTE format('COMMENT ON COLUMN dashboard.%I.%I IS %L', found.relname, found.name, found.says);
  END LOOP;
END
$$;

COMMENT ON COLUMN dashboard.alert.alert_id IS
  'case_id/commitment/round/level/revision, of a share without the case: the same whoever computes it.';
COMMENT ON COLUMN dashboard.alert.case_id IS 'Number of the case (办件编号); null for an alert of a share.';
COMMENT ON COLUMN dashboard.alert.round IS
  'The clock''s round; of a share the year and month in which its period begins, e.g. 202611.';
COMMENT ON COLUMN dashboard.alert.revision IS '1, 2, …: reached again, of a later instant.';
COMMENT ON COLUMN dashboard.alert.due_at IS
  'When the clock was due, as it stood when the level was reached; of a share the end of its period.';
COMMENT ON COLUMN dashboard.alert.level_at IS 'The instant at which the level was reached.';
COMMENT ON COLUMN dashboard.alert.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN dashboard.alert.logged_at IS
  'When its first log line was written; null before, and where none is due. Of one that was told while the database was away (alert.unrecorded) that line''s time, which lies before recorded_at.';
COMMENT ON COLUMN dashboard.alert.resolved_at IS
  'When the clock stopped or was cancelled; of a share the end of its period, if that met the target after all.';
COMMENT ON COLUMN dashboard.alert.withdrawn_at IS
  'When more data or another calendar showed it was never reached.';
COMMENT ON COLUMN dashboard.alert.amended_at IS 'When more data or another calendar moved its instant.';
COMMENT ON COLUMN dashboard.alert.acknowledged_at IS 'When someone acknowledged it.';
COMMENT ON COLUMN dashboard.alert.acknowledged_by IS 'Who acknowledged it.';
COMMENT ON COLUMN dashboard.alert.reason IS 'Why the limit was overrun, as acknowledged (优化营商环境条例 art. 36).';
COMMENT ON COLUMN dashboard.alert.retrospective IS 'History: recorded, summed up in one line, paging nobody.';
COMMENT ON COLUMN dashboard.alert.feed_stalled IS
  'Raised while a feed was silent: the case may have moved on unseen.';
COMMENT ON COLUMN dashboard.alert.priority IS 'The level''s priority in the log: warning, error, critical, …';
COMMENT ON COLUMN dashboard.alert.change_reason IS
  'Why it was withdrawn or amended; never_reached: it was told while the database was away, and what came since shows that it was not reached.';
COMMENT ON COLUMN dashboard.alert.notify IS
  'Whom the level is for, as the policy says: window, community, town or city; null where it names nobody.';
COMMENT ON COLUMN dashboard.alert.notify_region IS
  'The region of the case cut to the height of notify (12, 9 or 6 digits); shorter where no more of it is known.';

COMMENT ON COLUMN dashboard.on_time_daily.day IS 'The local date of the stop.';
COMMENT ON COLUMN dashboard.on_time_daily.outcome IS 'Type of the event that stopped the clocks.';
COMMENT ON COLUMN dashboard.on_time_daily.early IS 'Of those on time, stopped on a date before the due day.';
COMMENT ON COLUMN dashboard.on_time_monthly.month IS 'First day of the month in which the clocks stopped.';
COMMENT ON COLUMN dashboard.on_time_monthly.outcome IS 'Type of the event that stopped the clocks.';
COMMENT ON COLUMN dashboard.on_time_monthly.early IS 'Of those on time, stopped on a date before the due day.';

COMMENT ON COLUMN dashboard.on_time_by_due_month.month IS 'First day of the month of the due day.';
COMMENT ON COLUMN dashboard.on_time_by_due_month.due IS
  'Finished clocks due in the month, and open ones due in it and past due.';
COMMENT ON COLUMN dashboard.on_time_by_due_month.open_overdue IS 'Of these, still open and past due.';
COMMENT ON COLUMN dashboard.on_time_by_due_month.on_time_rate IS
  'on_time / due, 0…1: late and still open ones count against it.';

COMMENT ON COLUMN dashboard.before_after.version_from IS 'The first date on which the version is in force.';
COMMENT ON COLUMN dashboard.before_after.basis IS 'The text that the promise rests on.';

COMMENT ON COLUMN dashboard.duration_survival.version_from IS 'The first date on which the version is in force.';
COMMENT ON COLUMN dashboard.duration_survival.ending IS
  'What counts as the end: any, every stop; completed, every stop but a rejection.';
COMMENT ON COLUMN dashboard.duration_survival.ended IS 'Clocks that ended so.';
COMMENT ON COLUMN dashboard.duration_survival.rejected IS 'Clocks that stopped by a rejection.';
COMMENT ON COLUMN dashboard.duration_survival.open IS 'Clocks that run or are paused now.';
COMMENT ON COLUMN dashboard.duration_survival.cancelled IS 'Clocks that were cancelled, as by a withdrawal.';
COMMENT ON COLUMN dashboard.duration_survival.cancelled_overdue IS
  'Of these, past due when they were cancelled: no report by verdict shows them.';
COMMENT ON COLUMN dashboard.duration_survival.km_median_counted_days IS
  'Median of counted days with the unfinished clocks as censored (Kaplan & Meier 1958): half had ended by then; null where fewer than half have.';
COMMENT ON COLUMN dashboard.duration_survival.km_p90_counted_days IS '90th percentile of the same; null if not reached.';
COMMENT ON COLUMN dashboard.duration_survival.km_p95_counted_days IS '95th percentile of the same; null if not reached.';
COMMENT ON COLUMN dashboard.duration_survival.km_median_working_hours IS
  'Median of office time in hours with the unfinished clocks as censored, within 1/128; null where fewer than half have ended.';
COMMENT ON COLUMN dashboard.duration_survival.km_p90_working_hours IS '90th percentile of the same; null if not reached.';

COMMENT ON COLUMN dashboard.region_rollup.month IS 'First day of the month in which the clocks stopped.';
COMMENT ON COLUMN dashboard.region_rollup.region IS
  'Prefix of the clocks'' region codes, of 2, 4, 6, 9 or 12 digits; null for those whose region is not known.';
COMMENT ON COLUMN dashboard.region_rollup.region_name IS 'The name of the region with this code; null if not known.';
COMMENT ON COLUMN dashboard.region_rollup.early IS 'Of those on time, stopped on a date before the due day.';
COMMENT ON COLUMN dashboard.region_rollup.compression IS
  'Compression of the limit (承诺时限压缩率): mean over the clocks for which the law sets a limit; null without any.';

COMMENT ON COLUMN dashboard.step_time.step IS 'The step: licence, seal, tax, …';
COMMENT ON COLUMN dashboard.step_time.started IS 'How often it was started.';
COMMENT ON COLUMN dashboard.step_time.finished IS 'How often it was completed.';
COMMENT ON COLUMN dashboard.step_time.median_working_hours IS
  'Median office time from start to completion, in hours of the process''s main calendar; exact, by nearest rank.';
COMMENT ON COLUMN dashboard.step_time.p90_working_hours IS '90th percentile of the same.';
COMMENT ON COLUMN dashboard.step_time.p95_working_hours IS '95th percentile of the same.';
COMMENT ON COLUMN dashboard.step_time.mean_working_hours IS 'Mean of the same.';
COMMENT ON COLUMN dashboard.step_time.measured IS 'Completions whose start was told: those that have a time.';
COMMENT ON COLUMN dashboard.step_time.share_of_case_time IS
  'Office time in the step / office time from the first to the last event, over all cases of the process; 0…1.';

COMMENT ON COLUMN dashboard.share_monthly.period IS 'First day of the month, quarter or year.';
COMMENT ON COLUMN dashboard.share_monthly.population IS 'Events of the population on dates of the period.';
COMMENT ON COLUMN dashboard.share_monthly.counted IS 'Of these, those that count; by the event''s own channel.';
COMMENT ON COLUMN dashboard.share_monthly.share IS 'counted / population, 0…1.';
COMMENT ON COLUMN dashboard.share_monthly.target IS 'The least share promised, 0…1, exact.';
COMMENT ON COLUMN dashboard.share_monthly.met IS 'Whether the target was met; null while the period runs.';
COMMENT ON COLUMN dashboard.share_monthly.period_end IS 'Last day of the period.';
COMMENT ON COLUMN dashboard.share_monthly.best_share IS
  'The share with which it would end if all that is still expected counted, were today over; null once it is over.';
COMMENT ON COLUMN dashboard.share_monthly.needed IS
  'How many further events, all counted, would lift the share to the target; 0 when there, null where none could.';

COMMENT ON COLUMN dashboard.pause_audit.kind IS
  'Type of the event that began it; reopened for the time between a stop and a reopening.';
COMMENT ON COLUMN dashboard.pause_audit."from" IS 'When it began.';
COMMENT ON COLUMN dashboard.pause_audit."to" IS 'When it ended; null while it lasts.';
COMMENT ON COLUMN dashboard.pause_audit.paused_seconds IS 'Plain time it took, up to now while it lasts.';
COMMENT ON COLUMN dashboard.pause_audit.working_seconds IS 'Office time it took, up to now while it lasts.';
COMMENT ON COLUMN dashboard.pause_audit.suspended_days IS
  'Days that it alone keeps from being counted, up to today while it lasts: worked ones, or all if the limit says so.';
COMMENT ON COLUMN dashboard.pause_audit.correction_round IS
  'Of a correction: 1, 2, …; a second one is one too many (Administrative Licensing Law art. 32). Else null.';

COMMENT ON COLUMN dashboard.feed_health.feed IS 'The feed''s name in the configuration.';
COMMENT ON COLUMN dashboard.feed_health.last_event_at IS 'The latest occurred_at it has brought.';
COMMENT ON COLUMN dashboard.feed_health.last_received_at IS 'When it last brought anything.';
COMMENT ON COLUMN dashboard.feed_health.lag_seconds IS
  'Time since the latest event occurred; null before the first.';
COMMENT ON COLUMN dashboard.feed_health.received IS 'New events.';
COMMENT ON COLUMN dashboard.feed_health.duplicates IS 'Events that were known already.';
COMMENT ON COLUMN dashboard.feed_health.quarantined IS 'Input that could not be taken in.';
COMMENT ON COLUMN dashboard.feed_health.stalled IS
  'Whether it has been silent for longer than its configuration allows, or cannot be read.';

COMMENT ON COLUMN dashboard.detection_lag.hour IS 'The hour (UTC) in which the alerts were recorded.';
COMMENT ON COLUMN dashboard.detection_lag.alerts IS
  'Alerts recorded, without retrospective and amended ones and those that a change of rules told.';
COMMENT ON COLUMN dashboard.detection_lag.p50_ms IS
  'Median from the level''s instant (or the later coming of the data that told it) to its recording.';
COMMENT ON COLUMN dashboard.detection_lag.p99_ms IS '99th percentile of the same.';
COMMENT ON COLUMN dashboard.detection_lag.max_ms IS 'The longest of the same.';
COMMENT ON COLUMN dashboard.detection_lag.logged IS 'Of these, logged.';
COMMENT ON COLUMN dashboard.detection_lag.logged_p50_ms IS 'Median from the same instant to the log line.';
COMMENT ON COLUMN dashboard.detection_lag.logged_p99_ms IS '99th percentile of the same.';
COMMENT ON COLUMN dashboard.detection_lag.logged_max_ms IS 'The longest of the same.';
COMMENT ON COLUMN dashboard.detection_lag.by_late_data IS 'Of the alerts, told by data that came after the instant.';

COMMENT ON COLUMN dashboard.event_log.activity IS 'The type, or type:step.';
COMMENT ON COLUMN dashboard.event_log.occurred_at IS 'When it happened.';
COMMENT ON COLUMN dashboard.event_log.sequence IS 'Orders events of a case at the same instant; none sorts first.';
COMMENT ON COLUMN dashboard.event_log.process IS 'The event''s process, else the case''s.';
COMMENT ON COLUMN dashboard.event_log.type IS 'The life-cycle type, or any other that the feed told.';
COMMENT ON COLUMN dashboard.event_log.step IS 'The step of the process: licence, seal, tax, …';
COMMENT ON COLUMN dashboard.event_log.region IS 'The event''s region code, else the case''s.';
COMMENT ON COLUMN dashboard.event_log.grid IS 'The event''s unit of the service grid, else the case''s.';
COMMENT ON COLUMN dashboard.event_log.channel IS 'The event''s own channel.';
COMMENT ON COLUMN dashboard.event_log.service_window IS 'The event''s own service window.';
COMMENT ON COLUMN dashboard.event_log.entity_type IS
  'The case''s entity type: enterprise, individual or cooperative.';
COMMENT ON COLUMN dashboard.event_log.entity_name IS
  'The entity''s name; null unless show_individual_names where the type is not, or was not always, enterprise or cooperative.';
COMMENT ON COLUMN dashboard.event_log.uscc IS
  'Unified social credit code, the event''s, else the case''s; of those whose names are not shown null where it is the number of an identity card.';
COMMENT ON COLUMN dashboard.event_log.tags IS 'The event''s tags, else the case''s.';
COMMENT ON COLUMN dashboard.event_log.extend_days IS 'Counted days that the event adds to the limit.';
COMMENT ON COLUMN dashboard.event_log.event_id IS 'The event''s id, unique in its case and source.';
COMMENT ON COLUMN dashboard.event_log.received_at IS 'When the ledger took it in.';
COMMENT ON COLUMN dashboard.event_log.uscc_valid IS
  'Whether uscc holds its checks (GB 32100-2015); null without one. Real codes that fail exist: they are kept.';

COMMENT ON COLUMN dashboard.calendar_day.date IS 'The local date.';
COMMENT ON COLUMN dashboard.calendar_day.weekday IS 'The weekday, in English.';
COMMENT ON COLUMN dashboard.calendar_day.worked IS 'Whether it is worked.';
COMMENT ON COLUMN dashboard.calendar_day.kind IS 'What makes it worked or not, as the calendar says.';
COMMENT ON COLUMN dashboard.calendar_day.name IS 'The holiday''s name, if it is one.';
COMMENT ON COLUMN dashboard.calendar_day.published IS
  'Whether the calendar is published for it; else it is assumed.';
COMMENT ON COLUMN dashboard.calendar_day.office_hours IS
  'Office hours in local time, as 08:30-12:00 14:30-17:30; null if not worked.';
COMMENT ON COLUMN dashboard.calendar_day.time_zone IS 'The calendar''s time zone.';

COMMENT ON COLUMN dashboard.region.code IS
  'GB/T 2260, below the county the statistics codes: 2, 4, 6, 9 or 12 digits.';
COMMENT ON COLUMN dashboard.region.name IS 'The full official name.';
COMMENT ON COLUMN dashboard.region.name_en IS 'The name in English; null where none was given.';
COMMENT ON COLUMN dashboard.region.parent IS 'Code of the region around it; null of a province.';
COMMENT ON COLUMN dashboard.region.level IS '1 province, 2 prefecture, 3 county, 4 town, 5 community.';
COMMENT ON COLUMN dashboard.region.unit IS 'The level in a word: province, prefecture, county, town, community.';
COMMENT ON COLUMN dashboard.region.parent_name IS 'Name of the region around it, where it is known.';
