-- The ledger, its projections and its records.
--
-- Ledger:      event, ledger_head, feed, quarantine, exchange_position, exchange_row
-- Rules:       rules (every version of policy and calendars), and what follows from those in force:
--              commitment_version, calendar_day, region
-- Projections: projector, case_file, clock, metric_series, metric_cell,
--              share_cell                                                   (can be rebuilt)
-- Records:     alert, alert_history, verdict_history, progress, log_outbox  (cannot)
--
-- Every primary key of a per-case table begins with case_id. Identifiers of other systems are compared by their
-- bytes, whatever the database's locale. Durations are whole microseconds (_us). Column order puts fixed widths
-- first, so that rows carry no padding.
--
-- Vacuuming, where the server's defaults do not fit. Tables that only grow (event, alert_history, verdict_history, progress) are frozen
-- as they grow: nothing of theirs changes, and so no vacuum against wraparound ever has to read them whole. Tables of one row
-- or few that every batch changes (projector, ledger_head, feed) keep room for their next versions on their page, and
-- the queue (log_outbox) is swept by count, not by share: a share of a table that is mostly empty says nothing. Tables
-- of many rows are swept at a twentieth, not at a fifth, so that each sweep is short. Alerts leave room for as much again:
-- each row is changed at least once, when it was logged, and where the new version fits on its page no index hears of it.

CREATE SCHEMA IF NOT EXISTS bizclock;

-- ---------------------------------------------------------------------------------------------------- ledger

CREATE TABLE bizclock.event (
  position       bigint      NOT NULL,
  occurred_at    timestamptz NOT NULL,
  received_at    timestamptz NOT NULL,
  sequence       bigint,
  extend_days    integer,
  history        boolean     NOT NULL,
  case_id        text        COLLATE "C" NOT NULL,
  source         text        COLLATE "C" NOT NULL,
  event_id       text        COLLATE "C" NOT NULL,
  type           text        NOT NULL,
  process        text,
  step           text,
  region         text,
  grid           text,
  service_window text,
  channel        text,
  entity_name    text,
  entity_type    text,
  uscc           text,
  tags           text[],
  voids          text        COLLATE "C",
  kept           json,
  CONSTRAINT event_key PRIMARY KEY (case_id, source, event_id)
) WITH (
  autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.event IS 'The append-only ledger: one row an event, never updated, never deleted.';
COMMENT ON COLUMN bizclock.event.position IS
  'Place in the order of appending; given under the append lock, so that it is also the order of commits.';
COMMENT ON COLUMN bizclock.event.kept IS
  'Fields beside the contract that the feed keeps, as they came: json, for jsonb refuses some of what JSON allows.';
COMMENT ON COLUMN bizclock.event.history IS 'Loaded as history: levels of clocks that it starts page nobody.';
-- The projector reads what lies past its position. Not unique: a unique key would not begin with the case.
CREATE INDEX event_position ON bizclock.event (position);

-- Few events void others; whoever reads the whole log finds them without reading it twice.
CREATE INDEX event_voided ON bizclock.event (case_id, source) WHERE type = 'voided';

CREATE TABLE bizclock.ledger_head (
  position bigint NOT NULL
) WITH (
  fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500
);
COMMENT ON TABLE bizclock.ledger_head IS
  'One row: the last position given. Its row lock, held to the commit, is the append lock.';
INSERT INTO bizclock.ledger_head (position) VALUES (0);

CREATE TABLE bizclock.feed (
  name             text        PRIMARY KEY,
  source           text        COLLATE "C" NOT NULL,
  last_event_at    timestamptz,
  last_received_at timestamptz,
  watched_since    timestamptz,
  served_at        timestamptz,
  received         bigint      NOT NULL DEFAULT 0,
  duplicates       bigint      NOT NULL DEFAULT 0,
  quarantined      bigint      NOT NULL DEFAULT 0,
  stalled          boolean     NOT NULL DEFAULT false
) WITH (
  fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500
);
COMMENT ON TABLE bizclock.feed IS 'What each feed has brought; counted in the transaction that took it in.';
COMMENT ON COLUMN bizclock.feed.watched_since IS
  'When a daemon first had the feed; its silence is told from then on while it has brought nothing.';
COMMENT ON COLUMN bizclock.feed.stalled IS
  'It has brought nothing for longer than it may, or cannot be read: set by whoever finds it out first, taken back by '
  'what it brings next.';
COMMENT ON COLUMN bizclock.feed.served_at IS
  'When a daemon last looked at a feed that it serves, within minutes; null of one that is only loaded by hand. Long before others it is served no more: whether it brings something says nothing of its source.';

CREATE TABLE bizclock.feed_source (
  feed   text NOT NULL,
  source text COLLATE "C" NOT NULL,
  PRIMARY KEY (feed, source)
);
COMMENT ON TABLE bizclock.feed_source IS 'Which sources the events of a feed have named beside the feed''s own.';

CREATE TABLE bizclock.quarantine (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at  timestamptz NOT NULL,
  line         bigint      NOT NULL,
  byte_offset  bigint      NOT NULL,
  total_bytes  bigint      NOT NULL,
  resolved_at  timestamptz,
  feed         text        NOT NULL,
  origin       text        NOT NULL,
  code         text        NOT NULL,
  field        text,
  message      text        NOT NULL,
  bytes        bytea       NOT NULL,
  header       bytea,
  resolution   text        CHECK (resolution IN ('retried', 'discarded')),
  resolved_by  text,
  reason       text
);
COMMENT ON TABLE bizclock.quarantine IS
  'Input that could not be taken in, whole, with its feed, place and fault. Open entries are never deleted.';
-- A file read again after a crash brings its faults again; each is kept once while it is open. One that was dealt
-- with and comes again is kept again: it must not vanish without a word.
CREATE UNIQUE INDEX quarantine_once ON bizclock.quarantine (feed, origin, byte_offset, md5(bytes))
  WHERE resolved_at IS NULL;
CREATE INDEX quarantine_open ON bizclock.quarantine (feed, code) WHERE resolved_at IS NULL;
-- Retention looks for the oldest.
CREATE INDEX quarantine_settled ON bizclock.quarantine (resolved_at) WHERE resolved_at IS NOT NULL;

CREATE TABLE bizclock.exchange_position (
  compared_at    timestamptz NOT NULL,
  read_us        bigint,
  revision       bigint      NOT NULL DEFAULT 0,
  source         text        COLLATE "C" NOT NULL,
  upstream_table text        NOT NULL,
  compared_after text,
  CONSTRAINT exchange_position_key PRIMARY KEY (source, upstream_table)
) WITH (
  fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500
);
COMMENT ON TABLE bizclock.exchange_position IS
  'How far the tables of exchange databases have been read; moved in the transaction that took the rows in.';
COMMENT ON COLUMN bizclock.exchange_position.read_us IS
  'The last cd_time read that was not in the future, as microseconds since 1970 on the wall of those who write it.';
COMMENT ON COLUMN bizclock.exchange_position.revision IS
  'Counts the pages taken in: what a daemon read before the last of them was is read again.';
COMMENT ON COLUMN bizclock.exchange_position.compared_at IS
  'When all rows were last compared; at first when the table was first read.';
COMMENT ON COLUMN bizclock.exchange_position.compared_after IS
  'Up to which row a comparison under way has come: behind a tab the mark of one without a row_guid in ASCII, which come '
  'first; then a row_guid, empty before the first. Null while there is none.';

CREATE TABLE bizclock.exchange_row (
  content        bigint NOT NULL,
  version_us     bigint NOT NULL,
  planned_end    timestamptz,
  source         text   COLLATE "C" NOT NULL,
  upstream_table text   COLLATE "C" NOT NULL,
  row_guid       text   COLLATE "C" NOT NULL,
  event_case     text   COLLATE "C",
  CONSTRAINT exchange_row_key PRIMARY KEY (source, upstream_table, row_guid)
) WITH (
  fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
CREATE INDEX exchange_row_planned ON bizclock.exchange_row (source, upstream_table, planned_end)
  WHERE planned_end IS NOT NULL;
COMMENT ON TABLE bizclock.exchange_row IS
  'What each row of an exchange database said last, so that reading it again tells nothing and a rewrite is seen.';
COMMENT ON COLUMN bizclock.exchange_row.content IS 'A hash of its events, or of why it was refused.';
COMMENT ON COLUMN bizclock.exchange_row.version_us IS 'Its cd_time, as exchange_position.read_us.';
COMMENT ON COLUMN bizclock.exchange_row.planned_end IS
  'When an end comes that it plans: it is read again then. Null where it plans none.';
COMMENT ON COLUMN bizclock.exchange_row.event_case IS 'The case of the events that it told last; null where it has told none.';

-- ----------------------------------------------------------------------------------------------------- rules

CREATE TABLE bizclock.rules (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  applied_at timestamptz NOT NULL,
  kind       text        NOT NULL CHECK (kind IN ('policy', 'calendar')),
  applied_by text        NOT NULL,
  reason     text        NOT NULL,
  document   text        NOT NULL,
  files      jsonb       NOT NULL,
  restate    boolean     NOT NULL DEFAULT false,
  verdicts   bigint      NOT NULL DEFAULT 0
);
COMMENT ON TABLE bizclock.rules IS
  'Every policy and calendar ever in force, as written; the newest of each kind is in force.';
COMMENT ON COLUMN bizclock.rules.restate IS
  'Whether who applied it agreed that verdicts of finished clocks become others.';
COMMENT ON COLUMN bizclock.rules.verdicts IS 'How many verdicts of finished clocks became others by it.';

CREATE TABLE bizclock.commitment_version (
  commitment    text    NOT NULL,
  version_from  date    NOT NULL,
  kind          text    NOT NULL CHECK (kind IN ('time', 'share')),
  process       text    NOT NULL,
  calendar      text,
  ordinal       integer NOT NULL,
  limit_text    text,
  limit_unit    text,
  limit_amount  bigint,
  legal_text    text,
  day_end       text,
  start_rule    text,
  compression   double precision,
  title_en      text,
  title_zh      text,
  basis         text,
  target        numeric,
  period        text    CHECK (period IN ('month', 'quarter', 'year')),
  PRIMARY KEY (commitment, version_from)
);
COMMENT ON TABLE bizclock.commitment_version IS
  'The dated versions of the commitments in force, for the views; a share is one row, without a limit.';
COMMENT ON COLUMN bizclock.commitment_version.calendar IS
  'The calendar that the commitment names; of a share the one by which its events belong to dates.';
COMMENT ON COLUMN bizclock.commitment_version.target IS 'Of a share: the least part that must count, 0…1.';
COMMENT ON COLUMN bizclock.commitment_version.period IS 'Of a share: over what time it is reckoned.';
COMMENT ON COLUMN bizclock.commitment_version.limit_amount IS 'Days, or microseconds of office time.';
COMMENT ON COLUMN bizclock.commitment_version.compression IS
  '承诺时限压缩率: (legal limit − promised limit) / legal limit; null without a legal limit in the same unit.';

CREATE TABLE bizclock.calendar (
  id        text NOT NULL PRIMARY KEY,
  time_zone text NOT NULL
);
COMMENT ON TABLE bizclock.calendar IS 'The calendars in force.';

CREATE TABLE bizclock.calendar_day (
  calendar         text        NOT NULL,
  date             date        NOT NULL,
  worked_through   integer     NOT NULL,
  office_before_us bigint      NOT NULL,
  midnight         timestamptz NOT NULL,
  next_midnight    timestamptz NOT NULL,
  close_at         timestamptz NOT NULL,
  worked           boolean     NOT NULL,
  published        boolean     NOT NULL,
  kind             text        NOT NULL,
  name             text,
  opens            timestamptz[] NOT NULL,
  closes           timestamptz[] NOT NULL,
  PRIMARY KEY (calendar, date)
);
COMMENT ON TABLE bizclock.calendar_day IS 'The calendars in force, day by day, with running sums for the views.';
COMMENT ON COLUMN bizclock.calendar_day.worked_through IS 'How many days are worked up to and including this one.';
COMMENT ON COLUMN bizclock.calendar_day.next_midnight IS 'Its 24:00.';
COMMENT ON COLUMN bizclock.calendar_day.close_at IS 'Its last closing time; of a day not worked the usual one.';
COMMENT ON COLUMN bizclock.calendar_day.office_before_us IS 'Office time before this day''s midnight.';

CREATE TABLE bizclock.region (
  code    text COLLATE "C" NOT NULL,
  name    text NOT NULL,
  name_en text,
  CONSTRAINT region_key PRIMARY KEY (code),
  CONSTRAINT region_code CHECK (code ~ '^[0-9]+$' AND length(code) IN (2, 4, 6, 9, 12))
);
COMMENT ON TABLE bizclock.region IS 'The names of regions that the policy in force knows, for the views.';

-- ----------------------------------------------------------------------------------------------- projections

CREATE TABLE bizclock.projector (
  epoch          bigint      NOT NULL,
  position       bigint      NOT NULL,
  policy         bigint      NOT NULL,
  calendar       bigint      NOT NULL,
  recorded_at    timestamptz NOT NULL,
  levels_through timestamptz NOT NULL,
  settled_through timestamptz NOT NULL,
  shares_through timestamptz NOT NULL,
  holder         text,
  elected_at     timestamptz
) WITH (
  fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500
);
COMMENT ON TABLE bizclock.projector IS
  'One row. Every transaction of the leader begins by moving it from the (epoch, position) that the leader knows.';
COMMENT ON COLUMN bizclock.projector.recorded_at IS 'Strictly increasing: the time of the last projection.';
COMMENT ON COLUMN bizclock.projector.levels_through IS 'Every level up to this instant has been raised.';
COMMENT ON COLUMN bizclock.projector.settled_through IS
  'Every edge of a closure up to this instant has been brought to the open clocks.';
COMMENT ON COLUMN bizclock.projector.shares_through IS
  'Every level of a share up to this instant has been raised; levels of shares lie on local midnights.';
INSERT INTO bizclock.projector
  (epoch, position, policy, calendar, recorded_at, levels_through, settled_through, shares_through)
VALUES (0, 0, 0, 0, '1970-01-01Z', '1970-01-01Z', '1970-01-01Z', '1970-01-01Z');

CREATE TABLE bizclock.case_file (
  case_id           text        COLLATE "C" PRIMARY KEY,
  first_occurred_at timestamptz,
  last_occurred_at  timestamptz,
  events            integer     NOT NULL,
  process           text,
  region            text,
  grid              text,
  service_window    text,
  channel           text,
  entity_name       text,
  entity_type       text,
  uscc              text,
  tags              text[],
  report_tag        text,
  share_commitment  text[],
  share_day         date[],
  share_counted     boolean[],
  may_be_individual    boolean     NOT NULL
) WITH (
  fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.case_file IS 'One row a case: its attributes as its events tell them.';
COMMENT ON COLUMN bizclock.case_file.may_be_individual IS
  'Whether any of its events ever told an entity type but enterprise and cooperative, be it one that never happened: then its names are not shown.';
COMMENT ON COLUMN bizclock.case_file.share_commitment IS
  'What the case adds to share_cell, an event a place, so that it can be taken off again; null where nothing.';

CREATE TABLE bizclock.clock (
  case_id             text        COLLATE "C" NOT NULL,
  commitment          text        NOT NULL,
  round               integer     NOT NULL,
  version_from        date        NOT NULL,
  started_at          timestamptz NOT NULL,
  started_received_at timestamptz NOT NULL,
  due_at              timestamptz,
  stopped_at          timestamptz,
  mark_at             timestamptz NOT NULL,
  next_level_at       timestamptz,
  verdict_recorded_at timestamptz,
  working_us          bigint      NOT NULL,
  elapsed_us          bigint      NOT NULL,
  paused_us           bigint      NOT NULL,
  overrun_us          bigint,
  mark_office_us      bigint      NOT NULL,
  due_day             date,
  stopped_day         date,
  mark_day            date        NOT NULL,
  counted_days        integer     NOT NULL,
  overrun_days        integer,
  extended_days       integer     NOT NULL,
  provisional         boolean     NOT NULL,
  breached            boolean     NOT NULL,
  early               boolean     NOT NULL,
  history             boolean     NOT NULL,
  state               text        NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'cancelled')),
  verdict             text        CHECK (verdict IN ('on_time', 'late', 'premature')),
  outcome             text,
  calendar            text        NOT NULL,
  level_name          text[],
  level_priority      text[],
  level_revision      integer[],
  level_at            timestamptz[],
  level_due_at        timestamptz[],
  pause_kind          text[],
  pause_from          timestamptz[],
  pause_to            timestamptz[],
  CONSTRAINT clock_key PRIMARY KEY (case_id, commitment, round)
) WITH (
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.clock IS 'One row a clock: a commitment applied to a case, by round.';
COMMENT ON COLUMN bizclock.clock.mark_at IS
  'The instant for which the measures stand: the end, or of an open clock the last at which its way changed.';
COMMENT ON COLUMN bizclock.clock.mark_office_us IS 'Office time before mark_at, as calendar_day counts it.';
COMMENT ON COLUMN bizclock.clock.level_at IS
  'When each level is reached if nothing else happens, ascending; those past have been raised as alerts.';
COMMENT ON COLUMN bizclock.clock.next_level_at IS 'The first of level_at that has not been raised.';
COMMENT ON COLUMN bizclock.clock.history IS 'The start event was loaded as history.';
CREATE INDEX clock_next_level ON bizclock.clock (next_level_at) WHERE next_level_at IS NOT NULL;
CREATE INDEX clock_open ON bizclock.clock (commitment, due_at) WHERE state IN ('running', 'paused');
-- Withdrawn cases are few, and statistics of durations must not leave them out.
CREATE INDEX clock_cancelled ON bizclock.clock (commitment) WHERE state = 'cancelled';

CREATE TABLE bizclock.metric_series (
  series       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version_from date    NOT NULL,
  basis        text    NOT NULL CHECK (basis IN ('stop', 'due')),
  process      text    NOT NULL,
  commitment   text    NOT NULL,
  region       text    NOT NULL,
  channel      text    NOT NULL,
  entity_type  text    NOT NULL,
  report_tag   text    NOT NULL,
  outcome      text    NOT NULL,
  CONSTRAINT metric_series_key UNIQUE
    (commitment, region, version_from, basis, process, channel, entity_type, report_tag, outcome)
);
COMMENT ON TABLE bizclock.metric_series IS
  'What the metric cells tell apart but for the day, each combination once: it only grows, and a cell names it by number.';
COMMENT ON COLUMN bizclock.metric_series.basis IS 'Whether the day of a cell is the date of the stop or the due date.';
COMMENT ON COLUMN bizclock.metric_series.region IS
  'Empty where not known; likewise channel, entity_type, report_tag.';

CREATE TABLE bizclock.metric_cell (
  day            date    NOT NULL,
  series         integer NOT NULL,
  finished       integer NOT NULL,
  on_time        integer NOT NULL,
  late           integer NOT NULL,
  premature      integer NOT NULL,
  early          integer NOT NULL,
  counted_days   bigint  NOT NULL,
  working_us     bigint  NOT NULL,
  elapsed_us     bigint  NOT NULL,
  paused_us      bigint  NOT NULL,
  overrun_us     bigint  NOT NULL,
  days_sketch    bigint[],
  working_sketch bigint[],
  CONSTRAINT metric_cell_key PRIMARY KEY (day, series)
) WITH (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.metric_cell IS
  'Counts and sums over finished clocks; linear, so that a restated clock is subtracted and added again.';
-- No foreign key: looking a series up for each cell would cost more than writing the cell.
COMMENT ON COLUMN bizclock.metric_cell.series IS 'The row of metric_series that says what is counted here.';
COMMENT ON COLUMN bizclock.metric_cell.days_sketch IS
  'How counted_days are distributed: for each bucket of the sketch, ascending, bucket × 2³² + number of clocks; by date of stop alone.';
COMMENT ON COLUMN bizclock.metric_cell.working_sketch IS 'The same of working_us.';

-- Reports ask for months, and cells come about in the order of days, nearly.
CREATE INDEX metric_cell_month ON bizclock.metric_cell
  USING brin ((date_trunc('month', day::timestamp)::date)) WITH (pages_per_range = 16);

CREATE TABLE bizclock.share_cell (
  population        bigint NOT NULL,
  counted           bigint NOT NULL,
  first_received_at timestamptz,
  first_loaded_at   timestamptz,
  day               date   NOT NULL,
  commitment        text   NOT NULL,
  PRIMARY KEY (commitment, day)
) WITH (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.share_cell IS
  'How many events of a share''s population happened on a local date, and how many of them count.';
COMMENT ON COLUMN bizclock.share_cell.first_received_at IS
  'When the first of them entered the ledger, of those not loaded as history; tells whether its levels are history.';
COMMENT ON COLUMN bizclock.share_cell.first_loaded_at IS 'The same of those loaded as history.';

-- --------------------------------------------------------------------------------------------------- records

CREATE TABLE bizclock.alert (
  case_id         text        COLLATE "C" NOT NULL,
  commitment      text        NOT NULL,
  round           integer     NOT NULL,
  level           text        NOT NULL,
  revision        integer     NOT NULL,
  due_at          timestamptz NOT NULL,
  level_at        timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  logged_at       timestamptz,
  resolved_at     timestamptz,
  withdrawn_at    timestamptz,
  amended_at      timestamptz,
  acknowledged_at timestamptz,
  data_at         timestamptz,
  retrospective   boolean     NOT NULL,
  feed_stalled    boolean     NOT NULL DEFAULT false,
  priority        text        NOT NULL,
  acknowledged_by text,
  reason          text,
  change_reason   text,
  notify          text        CHECK (notify IN ('window', 'community', 'town', 'city')),
  CONSTRAINT alert_key PRIMARY KEY (case_id, commitment, round, level, revision)
) WITH (
  fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.alert IS 'The record that a clock or a share reached a level; never deleted.';
COMMENT ON COLUMN bizclock.alert.case_id IS 'Empty for the alert of a share.';
COMMENT ON COLUMN bizclock.alert.round IS
  'The clock''s round; of a share the year and month in which its period begins, e.g. 202611.';
COMMENT ON COLUMN bizclock.alert.reason IS 'Why the limit was overrun, as acknowledged (优化营商环境条例 art. 36).';
COMMENT ON COLUMN bizclock.alert.data_at IS
  'Where the level was told by data or rules that came after its instant: when they came; null where it was foreseen.';
COMMENT ON COLUMN bizclock.alert.change_reason IS 'Why the alert was withdrawn or amended.';
COMMENT ON COLUMN bizclock.alert.logged_at IS
  'When its first log line was written, which lies before recorded_at if it was told while the database was away; null where nobody knows whether it was.';
COMMENT ON COLUMN bizclock.alert.notify IS 'Whom its level is for, by height in the service grid; null where the policy names nobody.';
CREATE INDEX alert_recorded ON bizclock.alert (recorded_at);

CREATE TABLE bizclock.alert_history (
  case_id       text        COLLATE "C" NOT NULL,
  commitment    text        NOT NULL,
  round         integer     NOT NULL,
  revision      integer     NOT NULL,
  known_until   timestamptz NOT NULL,
  due_at        timestamptz NOT NULL,
  level_at      timestamptz NOT NULL,
  resolved_at   timestamptz,
  withdrawn_at  timestamptz,
  amended_at    timestamptz,
  feed_stalled  boolean     NOT NULL,
  retrospective boolean     NOT NULL,
  level         text        NOT NULL,
  priority      text        NOT NULL,
  change_reason text,
  CONSTRAINT alert_history_key PRIMARY KEY (case_id, commitment, round, level, revision, known_until)
) WITH (
  autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.alert_history IS
  'What an alert said before it was amended, withdrawn or raised anew, up to known_until; resolved alone makes no row.';

CREATE TABLE bizclock.verdict_history (
  case_id       text        COLLATE "C" NOT NULL,
  commitment    text        NOT NULL,
  round         integer     NOT NULL,
  known_from    timestamptz NOT NULL,
  known_until   timestamptz NOT NULL,
  version_from  date        NOT NULL,
  started_at    timestamptz NOT NULL,
  due_at        timestamptz,
  stopped_at    timestamptz,
  due_day       date,
  stopped_day   date,
  working_us    bigint      NOT NULL,
  elapsed_us    bigint      NOT NULL,
  paused_us     bigint      NOT NULL,
  overrun_us    bigint,
  counted_days  integer     NOT NULL,
  overrun_days  integer,
  early         boolean     NOT NULL,
  provisional   boolean     NOT NULL,
  state         text        NOT NULL,
  verdict       text,
  outcome       text,
  process       text        NOT NULL,
  region        text        NOT NULL,
  channel       text        NOT NULL,
  entity_type   text        NOT NULL,
  report_tag    text        NOT NULL,
  reason        text        NOT NULL CHECK
    (reason IN ('late_data', 'voided', 'reopened', 'calendar', 'policy', 'closure', 'repair')),
  CONSTRAINT verdict_history_key PRIMARY KEY (case_id, commitment, round, known_from)
) WITH (
  autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.verdict_history IS
  'What was believed of a finished clock before it changed, from known_from up to known_until.';
COMMENT ON COLUMN bizclock.verdict_history.reason IS 'Why it changed at known_until.';
CREATE INDEX verdict_history_known ON bizclock.verdict_history (known_until);

CREATE TABLE bizclock.progress (
  recorded_at timestamptz NOT NULL,
  position    bigint      NOT NULL,
  policy      bigint      NOT NULL,
  calendar    bigint      NOT NULL,
  CONSTRAINT progress_key PRIMARY KEY (recorded_at)
) WITH (
  autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_scale_factor = 0.05
);
COMMENT ON TABLE bizclock.progress IS
  'On what the projections rested from each moment on: how far the ledger was projected, and by which rules.';

-- A trigger, so that whatever moves the projector's row leaves its trace: this cannot be found out afterwards. What
-- raises levels alone moves neither position nor rules, and leaves none.
CREATE FUNCTION bizclock.note_progress() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO bizclock.progress (recorded_at, position, policy, calendar)
  VALUES (NEW.recorded_at, NEW.position, NEW.policy, NEW.calendar)
  ON CONFLICT (recorded_at) DO UPDATE
    SET position = excluded.position, policy = excluded.policy, calendar = excluded.calendar;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION bizclock.note_progress() IS 'Keeps in progress what the projector''s row said from a moment on.';
CREATE TRIGGER projector_moved AFTER UPDATE ON bizclock.projector FOR EACH ROW
  WHEN (OLD.position <> NEW.position OR OLD.policy <> NEW.policy OR OLD.calendar <> NEW.calendar
    OR OLD.settled_through <> NEW.settled_through)
  EXECUTE FUNCTION bizclock.note_progress();

CREATE TABLE bizclock.log_outbox (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  recorded_at timestamptz,
  round   integer,
  revision integer,
  event   text   NOT NULL,
  case_id text   COLLATE "C",
  commitment text,
  level   text,
  fields  jsonb  NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE bizclock.log_outbox IS
  'Log lines that a committed transaction gave rise to and that have not been written yet.';
COMMENT ON COLUMN bizclock.log_outbox.recorded_at IS
  'Where it is set, the row stands for a line of each alert recorded then that is neither logged nor history.';

CREATE TABLE bizclock.setting (
  name  text PRIMARY KEY,
  value text NOT NULL
);
COMMENT ON TABLE bizclock.setting IS 'What the views must know of the configuration.';
INSERT INTO bizclock.setting (name, value) VALUES ('show_individual_names', 'false');
