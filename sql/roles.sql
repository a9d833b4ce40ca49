-- Who may do what. Applied after views.sql on every migrate, in the same transaction: views that were dropped and
-- created again have lost their grants, and rights that a former version gave are taken back.
--
--   the owner           migrates, puts policies and calendars in force, repairs projections
--   bizclock_daemon     runs the daemon: appends, projects and records; no DDL, no rules, no event changed or deleted
--   bizclock_dashboard  reads the views of schema dashboard
--
-- The last two are groups: whoever logs in is a member, or is the role itself. An installation whose daemon is the
-- owner needs none of them.
--
-- Roles belong to the cluster, not to a database, so that migrations of several databases may create one at the same
-- time; and the migrating role may not be allowed to. A missing role is told where it is needed, and stops nothing.

DO $$
DECLARE
  wanted text;
BEGIN
  -- Two migrations of one database must not change one grant at a time ("tuple concurrently updated").
  PERFORM pg_advisory_xact_lock(hashtextextended('bizclock.views', 0));

  FOREACH wanted IN ARRAY ARRAY['bizclock_dashboard', 'bizclock_daemon'] LOOP
    FOR attempt IN 1..5 LOOP
      EXIT WHEN to_regrole(wanted) IS NOT NULL;
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN
          NULL;  -- Another database's migration was first; look again.
        WHEN internal_error THEN
          PERFORM pg_sleep(0.05 * attempt);  -- A catalog row changed under us.
        WHEN insufficient_privilege THEN
          -- The daemon may be the owner; dashboards should not be.
          IF wanted = 'bizclock_dashboard' THEN
            RAISE WARNING 'role % is missing and % may not create it', wanted, current_user
              USING HINT = 'As a superuser: CREATE ROLE bizclock_dashboard NOLOGIN; then migrate again.';
          END IF;
          EXIT;
      END;
    END LOOP;
  END LOOP;
END
$$;

-- -------------------------------------------------------------------------------------- what is done by function only

-- The one way in which a daemon deletes from quarantine: what was dealt with long ago, and nothing that waits.
CREATE OR REPLACE FUNCTION bizclock.purge_quarantine(settled_before timestamptz, at_most integer) RETURNS bigint
  LANGUAGE sql VOLATILE STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM bizclock.quarantine q
    WHERE q.id = ANY (ARRAY(
      SELECT o.id FROM bizclock.quarantine o
      WHERE o.resolved_at < settled_before ORDER BY o.resolved_at LIMIT at_most))
    RETURNING q.id)
  SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION bizclock.purge_quarantine(timestamptz, integer) IS
  'Deletes quarantine entries that were retried or discarded before an instant, at most so many; says how many.';

-- -------------------------------------------------------------------------------------------------------- everybody

-- What migrations of older servers left to everybody, and what PostgreSQL gives everybody on what is new.
REVOKE ALL ON SCHEMA bizclock FROM PUBLIC;
REVOKE CREATE ON SCHEMA dashboard FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bizclock FROM PUBLIC;
REVOKE ALL ON FUNCTION dashboard.on_time_as_of(timestamptz, date, date) FROM PUBLIC;
-- A view reads tables with its owner's rights, but calls functions with its reader's. These compute and read nothing,
-- and nobody can name them who may not use schema bizclock: whoever is granted one of the views needs no more.
GRANT EXECUTE ON FUNCTION
  dashboard.now(),
  bizclock.bucket_value(integer),
  bizclock.bucket_of(bigint),
  bizclock.product(double precision),
  bizclock.sketch(bigint[], bigint[]),
  bizclock.office_until(bigint, timestamptz[], timestamptz[], timestamptz),
  bizclock.office_at(bigint, timestamptz[], timestamptz[], timestamptz),
  bizclock.take_void(text[], text, text),
  bizclock.uscc_valid(text),
  bizclock.voided_ids(text, text)
TO PUBLIC;

DO $$
DECLARE
  mine CONSTANT boolean := (
    SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = current_database());
  public_schema CONSTANT oid := to_regnamespace('public');
  view regclass;
  rights record;
  updatable text;
BEGIN
  -- Without temporary objects a reader has no place for a function of its own. Where the database is not ours it may
  -- serve others too: then it stays as it is.
  IF mine THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    IF public_schema IS NOT NULL THEN
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
  END IF;

  -- ------------------------------------------------------------------------------------------------- dashboards

  IF to_regrole('bizclock_dashboard') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA dashboard TO bizclock_dashboard;
    FOR view IN
      SELECT c.oid::regclass
      FROM pg_class c
      WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
        AND c.relname = ANY (bizclock.dashboard_views())
    LOOP
      EXECUTE format('GRANT SELECT ON %s TO bizclock_dashboard', view);
    END LOOP;
    GRANT EXECUTE ON FUNCTION dashboard.on_time_as_of(timestamptz, date, date) TO bizclock_dashboard;
  END IF;

  -- ------------------------------------------------------------------------------------------------- the daemon

  IF to_regrole('bizclock_daemon') IS NULL THEN
    RETURN;
  END IF;
  IF mine THEN
    -- Changed rows reach their tables by way of temporary ones.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO bizclock_daemon', current_database());
  END IF;
  GRANT USAGE ON SCHEMA bizclock, dashboard TO bizclock_daemon;
  GRANT EXECUTE ON FUNCTION bizclock.purge_quarantine(timestamptz, integer) TO bizclock_daemon;
  REVOKE ALL ON ALL TABLES IN SCHEMA bizclock FROM bizclock_daemon;
  FOR rights IN
    -- What it may do with each table; UPDATE concerns all columns but those kept. A table that is not here it may
    -- not even read: RightsTests refuses one that nobody decided on.
    SELECT * FROM (VALUES
      ('schema_migration',   'SELECT',                 NULL),
      ('setting',            'SELECT',                 NULL),
      -- The ledger: what is in stays as it came.
      ('event',              'SELECT, INSERT',         NULL),
      ('ledger_head',        'SELECT',                 '{}'),
      ('feed',               'SELECT, INSERT',         '{name}'),
      ('feed_source',        'SELECT, INSERT',         NULL),
      ('quarantine',         'SELECT, INSERT',
        '{id, received_at, line, byte_offset, total_bytes, feed, origin, bytes, header}'),
      ('exchange_position',  'SELECT, INSERT',         '{source, upstream_table}'),
      ('exchange_row',       'SELECT, INSERT',         '{source, upstream_table, row_guid}'),
      -- The rules: the owner's.
      ('rules',              'SELECT',                 NULL),
      ('commitment_version', 'SELECT',                 NULL),
      ('calendar',           'SELECT',                 NULL),
      ('calendar_day',       'SELECT',                 NULL),
      ('region',             'SELECT',                 NULL),
      -- Projections: they can be made again. A case never goes; what comes to nothing of the others does.
      ('projector',          'SELECT',                 '{policy, calendar}'),
      ('case_file',          'SELECT, INSERT',         '{case_id}'),
      ('clock',              'SELECT, INSERT, DELETE', '{case_id, commitment, round}'),
      ('metric_series',      'SELECT, INSERT',         NULL),
      ('metric_cell',        'SELECT, INSERT, DELETE', '{day, series}'),
      ('share_cell',         'SELECT, INSERT, DELETE', '{commitment, day}'),
      -- Records: they cannot; none of them goes, but for lines that are in the log.
      ('alert',              'SELECT, INSERT',         '{case_id, commitment, round, level, revision, recorded_at}'),
      ('alert_history',      'SELECT, INSERT',         NULL),
      ('verdict_history',    'SELECT, INSERT',         NULL),
      ('progress',           'SELECT',                 NULL),
      ('log_outbox',         'SELECT, INSERT, DELETE', NULL)
    ) AS r (name, privileges, kept)
  LOOP
    -- schema_migration is not there where the files are applied by hand.
    CONTINUE WHEN to_regclass(format('bizclock.%I', rights.name)) IS NULL;
    EXECUTE format('GRANT %s ON bizclock.%I TO bizclock_daemon', rights.privileges, rights.name);
    CONTINUE WHEN rights.kept IS NULL;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO updatable
    FROM pg_attribute a
    WHERE a.attrelid = format('bizclock.%I', rights.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname <> ALL (rights.kept::name[]);
    EXECUTE format('GRANT UPDATE (%s) ON bizclock.%I TO bizclock_daemon', updatable, rights.name);
  END LOOP;
END
$$;
