import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Two daemons that read one exchange database.
@Suite struct ExchangeTwoDaemonsTests {
  /// One reads a page; before it takes it in, a row is rewritten and the other reads that. What the first one read is
  /// older than what is known then, and is read again: at night, and while it reads what is new.
  @Test(arguments: [true, false]) func whoIsSlowUndoesNothing(_ isNight: Bool) async throws {
    try await ExchangeDesk.with { desk in
      let written = isNight ? "\(ExchangeReaderTests.now) - interval '1 day'" : ExchangeReaderTests.now
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: written)
      try await desk.accept("now", "C9", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 4)
      if isNight { desk.clock.advance(by: 86_400_000_000) }
      // A reading of the slow one sees the rows as they are when it begins, and ends when the gate is open.
      try await desk.upstream(
        """
        CREATE TABLE gate (is_shut boolean);
        INSERT INTO gate VALUES (true);
        CREATE FUNCTION pass() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
          IF current_setting('application_name') = 'slow' AND current_query() \(isNight ? "" : "NOT") LIKE
            '%DISTINCT ON (t.row_guid)%' AND current_query() LIKE '% IS TRUE%'
          THEN
            WHILE (SELECT is_shut FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
          END IF;
          RETURN true;
        END $$;
        ALTER TABLE up_pro_accept RENAME TO accepted;
        CREATE VIEW up_pro_accept AS SELECT a.* FROM accepted a, (SELECT pass() OFFSET 0) AS p;
        GRANT SELECT ON gate, up_pro_accept TO bizclock_exchange
        """)
      let slow = Task {
        try await desk.read {
          $0.database = .conninfo(ExchangeDesk.asReader(desk.upstream) + " application_name=slow")
        }
      }
      try await TestDeadline.within(.seconds(60), "the slow one's reading") {
        while try await TestQuery.rows(
          desk.upstream,
          """
          SELECT pid::text FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'slow' AND wait_event = 'PgSleep'
          """
        ).isEmpty { try Task.checkCancellation() }
      }
      try await desk.upstream("UPDATE accepted SET accept_date = '2026-09-14 10:00' WHERE row_guid = 'a'")
      try await desk.read()
      let expected = ["C1 submitted 09-14 09:00", "C1 accepted 09-14 10:00"]
      #expect(try await desk.events().filter { $0.hasPrefix("C1") } == expected)
      let total = try await desk.total()
      try await desk.upstream("UPDATE gate SET is_shut = false")
      try await slow.value
      #expect(try await desk.events().filter { $0.hasPrefix("C1") } == expected)
      // Nothing was voided and told anew either.
      #expect(try await desk.total() == total)
    }
  }
}
