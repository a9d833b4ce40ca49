import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// A case of so many events that to read and fold it takes longer than a leader may be silent.
@Suite struct LongCaseTests {
  private static func events(_ caseID: String, _ count: Int, at hour: String) -> [Event] {
    (0..<count).map { .told(caseID, "step_started", "2026-06-01 \(hour):\($0 % 50 + 10)", id: "\(hour)-\($0)") }
  }

  /// Before it is folded its session is given more time, for that transaction.
  @Test func itsFoldHasMoreTime() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append(
        LongCaseTests.events("LONG", 10, at: "09") + LongCaseTests.events("SHORT", 3, at: "09"))
      try await ledger.catchUp(try await ledger.leader())
      try await ledger.execute("CREATE TABLE public.patience (case_id text, value text)")
      try await ledger.execute(
        """
        CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO public.patience SELECT NEW.case_id, current_setting('idle_in_transaction_session_timeout');
          RETURN NULL;
        END $$
        """)
      try await ledger.execute(
        """
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON bizclock.case_file FOR EACH ROW EXECUTE FUNCTION public.note()
        """)
      try await ledger.execute("SET idle_in_transaction_session_timeout = '3001ms'")
      let patience = "SELECT DISTINCT value FROM public.patience WHERE case_id = "
      // Leaders that know nothing of the cases: they read all of their events.
      var leader = try await ledger.leader { $0.longCase = 10 }
      try await ledger.tell(leader, LongCaseTests.events("SHORT", 1, at: "08"))
      try await expectRows(ledger.column(patience + "'SHORT'"), ["3001ms"])
      try await ledger.tell(leader, LongCaseTests.events("LONG", 1, at: "08"))
      try await expectRows(ledger.column(patience + "'LONG'"), ["1min"])
      try await expectRows(ledger.column("SHOW idle_in_transaction_session_timeout"), ["3001ms"])
      // Beside so many new ones that their clocks are written while others are folded.
      try await ledger.execute("DELETE FROM public.patience")
      leader = try await ledger.leader { $0.longCase = 10 }
      let new = (1...150).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00", id: "e") }
      try await ledger.tell(leader, new + LongCaseTests.events("LONG", 1, at: "07"))
      try await expectRows(ledger.column(patience + "'LONG'"), ["1min"])
      try await expectRows(ledger.column("SHOW idle_in_transaction_session_timeout"), ["3001ms"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// While its events are read the server hears of the session.
  @Test func itsReadingGivesSigns() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append(LongCaseTests.events("LONG", 250, at: "09"))
      let other = try await ledger.connect()
      let pid = try await other.run { try $0.execute("SELECT pg_backend_pid()").int4(0, 0) }
      let last = "SELECT query FROM pg_stat_activity WHERE pid = \(pid)"
      for pause in [Duration.seconds(3600), .zero] {
        for byCase in [false, true] {
          try await other.run { session in
            try session.begin()
            let life = SignOfLife(pause: pause)
            if byCase {
              let found = try session.execute("SELECT \(EventRows.columns) FROM bizclock.event")
              #expect(try EventRows.byCase(found, &session, life: life).first?.1.count == 250)
            } else {
              let read = try CaseReader.events(["LONG"], through: .max, &session, life: life)
              #expect(read["LONG"]?.count == 250)
            }
          }
          let query = try await ledger.column(last).first ?? ""
          #expect((query == "SELECT") == (pause == .zero), "\(query)")
          try await other.run { $0.rollbackQuietly() }
        }
      }
      await other.close()
    }
  }
}
