import LibPQ
import TestSupport

@testable import Daemon

/// A gate before a table of an exchange database: who reads the table waits there while it is shut.
extension ExchangeDesk {
  func shut(_ table: String) async throws {
    try await upstream(
      """
      CREATE TABLE gate (is_shut boolean);
      INSERT INTO gate VALUES (true);
      CREATE FUNCTION pass() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
      BEGIN
        WHILE (SELECT is_shut FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
        RETURN true;
      END $$;
      ALTER TABLE \(table) RENAME TO behind;
      CREATE VIEW \(table) AS SELECT b.* FROM behind b, (SELECT pass() OFFSET 0) AS p;
      GRANT SELECT ON gate, \(table) TO bizclock_exchange
      """)
  }

  /// Waits until somebody waits at the gate.
  func waitsAtTheGate() async throws {
    try await TestDeadline.within(TestDeadline.patience, "a reading") {
      while try await TestQuery.rows(
        self.upstream,
        """
        SELECT pid::text FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'bizclock exchange' AND wait_event = 'PgSleep'
        """
      ).isEmpty { try Task.checkCancellation() }
    }
  }

  func open() async throws { try await upstream("UPDATE gate SET is_shut = false") }
}
