-- The role that dashboards log in under (or are members of), and what it may read. Applied after views.sql on every
-- migrate, in the same transaction: views that were dropped and created again have lost their grants.
--
-- Roles belong to the cluster, not to a database, so that migrations of several databases may create this one at
-- the same time; and the migrating role may not be allowed to. A missing role is told, and stops nothing.

DO $$
BEGIN
  -- Two migrations of one database must not change one grant at a time ("tuple concurrently updated").
  PERFORM pg_advisory_xact_lock(hashtextextended('bizclock.views', 0));

  FOR attempt IN 1..5 LOOP
    EXIT WHEN to_regrole('bizclock_dashboard') IS NOT NULL;
    BEGIN
      CREATE ROLE bizclock_dashboard NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN
        NULL;  -- Another database's migration was first; look again.
      WHEN internal_error THEN
        PERFORM pg_sleep(0.05 * attempt);  -- A catalog row changed under us.
      WHEN insufficient_privilege THEN
        RAISE WARNING 'role bizclock_dashboard is missing and % may not create it', current_user
          USING HINT = 'As a superuser: CREATE ROLE bizclock_dashboard NOLOGIN; then migrate again.';
        EXIT;
    END;
  END LOOP;
END
$$;

REVOKE ALL ON SCHEMA bizclock FROM PUBLIC;
-- It runs with its owner's rights, and whoever has access to the schema could call it.
REVOKE ALL ON FUNCTION dashboard.on_time_as_of(timestamptz, date, date) FROM PUBLIC;

DO $$
DECLARE
  view regclass;
BEGIN
  IF to_regrole('bizclock_dashboard') IS NULL THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA dashboard TO bizclock_dashboard;
  FOR view IN
    SELECT c.oid::regclass
    FROM pg_class c
    WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
      AND c.relname = ANY (bizclock.dashboard_views())
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO bizclock_dashboard', view);
  END LOOP;
  GRANT EXECUTE ON FUNCTION dashboard.now(), dashboard.on_time_as_of(timestamptz, date, date) TO bizclock_dashboard;
  -- A view reads tables with its owner's rights, but calls functions with its reader's.
  GRANT EXECUTE ON FUNCTION
    bizclock.bucket_value(integer),
    bizclock.office_until(bigint, timestamptz[], timestamptz[], timestamptz),
    bizclock.office_at(bigint, timestamptz[], timestamptz[], timestamptz),
    bizclock.take_void(text[], text, text),
    bizclock.voided_ids(text, text)
  TO bizclock_dashboard;
END
$$;
