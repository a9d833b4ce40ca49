import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Local closures by time: declared, ended, taken back, and kept whatever draft comes after.
@Suite struct ClosureDeskTests {
  /// Typhoon under a running daemon: the leader takes the closure over. What was reached before it stays; due is
  /// unknown while it lasts; then it is known again.
  @Test func underARunningDaemon() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put(
        "1.ndjson",
        [
          DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00"),
          DaemonTestBase.event("C2", "accepted", "2026-09-11T07:59:00+08:00"),
        ])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-16T09:00:00+08:00")
      let reached = Set(office.alerts())
      #expect(reached.contains("C1/opening/1/yellow/1"))
      #expect(reached.contains("C2/opening/1/red/1"))

      let began = try await declare(office) { try $0.begin(calendar: "cn", name: "台风停工", from: $1, to: nil) }
      #expect(began.cases == 2 && began.alerts == 0 && began.verdicts == 0)
      try await office.logged(.leaderDeposed)
      try office.put("2.ndjson", [DaemonTestBase.event("C3", "accepted", "2026-09-16T08:59:00+08:00")])
      try await office.projected(through: 3)
      try await office.advance(to: "2026-09-17T08:00:00+08:00")
      #expect(Set(office.alerts()) == reached)
      #expect(office.alerts(.alertWithdrawn).isEmpty)
      let clocks = """
        SELECT case_id, state, coalesce(to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '–')
        FROM dashboard.clock WHERE commitment = 'opening' ORDER BY 1
        """
      #expect(
        try await office.query(clocks) == [
          ["C1", "paused", "–"], ["C2", "paused", "09-15 17:30"], ["C3", "paused", "–"],
        ])

      let ended = try await declare(office) { try $0.end(calendar: "cn", name: nil, at: $1).0 }
      #expect(ended.clocks > 0 && ended.verdicts == 0)
      #expect(office.alerts(.alertWithdrawn).isEmpty && office.alerts(.alertAmended).isEmpty)
      try await office.advance(to: "2026-09-17T17:29:59.999999+08:00")
      #expect(!office.alerts().contains("C1/opening/1/red/1"))
      try await office.advance(to: "2026-09-17T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      #expect(office.alerts().count == Set(office.alerts()).count)
      // C2's escalation: the third counted day after Tuesday.
      try await office.advance(to: "2026-09-20T17:30:00+08:00")
      #expect(office.alerts().contains("C2/opening/1/escalated/1"))
      try await verified(office)
      let rules = try await office.query(
        "SELECT applied_by, reason FROM bizclock.rules WHERE kind = 'calendar' ORDER BY id")
      #expect(rules.dropFirst() == [["supervisor", "typhoon"], ["supervisor", "typhoon"]])
    }
  }

  /// The commands, where no daemon runs; a verdict that a closure restates says so, and so does who declared it.
  @Test func byCommand() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      func run(_ words: String...) throws -> ProgramRun {
        try ProgramRun(["--config", office.path + "/bizclock.yaml"] + words)
      }
      let events = [
        DaemonTestBase.event("K1", "accepted", "2026-06-01T09:00:00+08:00"),
        DaemonTestBase.event("K1", "completed", "2026-06-04T10:00:00+08:00"),
      ]
      let loaded = try ProgramRun(
        ["--config", office.path + "/bizclock.yaml", "ingest", "-"], input: events.joined(separator: "\n") + "\n")
      #expect(loaded.status == 0, "\(loaded.errors)")

      let begun = try run(
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "台风, 停工", "--from", "2026-06-02T12:00",
        "--reason", "typhoon", "--by", "duty officer", "--restate")
      #expect(begun.status == 0, "\(begun.errors)")
      #expect(
        begun.output.hasPrefix(
          """
          the closure 台风, 停工 (from 2026-06-02T12:00:00+08:00 on) of cn is in force
          in force: 1 cases judged again, 2 clocks changed, 2 verdicts restated, 4 alerts recorded, amended or withdrawn

          """), "\(begun.output)")
      let verdicts = "SELECT commitment, verdict, reason FROM bizclock.verdict_history ORDER BY known_until, 1"
      #expect(
        try await TestQuery.rows(conninfo, verdicts) == [
          ["one_day", "late", "closure"], ["opening", "late", "closure"],
        ])
      let again = try run(
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "x", "--from", "2026-06-03T12:00", "--reason",
        "y")
      #expect(again.status == 64)
      #expect(again.errors.contains("which overlaps; end that first."))
      #expect(try run("calendar", "closure", "end", "--calendar", "nl", "--reason", "y").status == 66)
      #expect(
        try run("calendar", "closure", "end", "--calendar", "cn", "--at", "noon", "--reason", "y").status == 64)

      let ended = try run(
        "calendar", "closure", "end", "--calendar", "cn", "--at", "2026-06-02T12:00:01Z", "--name", "台风, 停工",
        "--reason", "over", "--by", "duty officer", "--restate")
      #expect(ended.status == 0, "\(ended.errors)")
      #expect(
        try run("calendar", "closure", "list", "--json").output == """
          [{"calendar":"cn","name":"台风, 停工","from":"2026-06-02T12:00:00+08:00","to":"2026-06-02T20:00:01+08:00","declared":true}]

          """)
      // A draft that knows nothing of it, applied later, does not lose it.
      let unchanged = try run("calendar", "apply", office.path + "/policy.yaml", "--reason", "the draft again")
      #expect(unchanged.output.contains("already in force"))
      let draft = try String(contentsOfFile: office.path + "/policy.yaml", encoding: .utf8)
      try draft.replacing("days: [cn.csv]", with: "days: [cn.csv, { date: 2026-11-20, kind: holiday }]").write(
        toFile: office.path + "/policy.yaml", atomically: true, encoding: .utf8)
      let applied = try run("calendar", "apply", office.path + "/policy.yaml", "--reason", "the draft again")
      #expect(applied.status == 0, "\(applied.errors)")
      #expect(applied.output.contains(" 0 clocks changed"))
      #expect(try run("calendar", "closure", "list").output.contains("2026-06-02T20:00:01+08:00  declared"))
      #expect(try run("verify").status == 0)
      // One without its calendar is refused.
      let text = try String(contentsOfFile: office.path + "/policy.yaml", encoding: .utf8)
      try text.replacing("id: cn", with: "id: zh").replacing("calendar: cn", with: "calendar: zh").write(
        toFile: office.path + "/other.yaml", atomically: true, encoding: .utf8)
      let lost = try run("calendar", "apply", office.path + "/other.yaml", "--reason", "renamed")
      #expect(lost.status == 64)
      #expect(lost.errors.contains("The draft has no calendar cn, of which closures were declared"))
      // Taken back, the verdicts are as before.
      let removed = try run(
        "calendar", "closure", "remove", "--calendar", "cn", "--from", "2026-06-02T12:00", "--reason",
        "another town", "--restate")
      #expect(removed.status == 0, "\(removed.errors)")
      #expect(try run("calendar", "closure", "list").output == "no closures\n")
      let needed = try run("calendar", "apply", office.path + "/other.yaml", "--reason", "renamed")
      #expect(needed.status == 78)
      #expect(needed.errors.contains("opening names the calendar cn, which is not defined"))
      #expect(
        try await TestQuery.rows(conninfo, "SELECT verdict FROM dashboard.clock ORDER BY commitment") == [
          ["late"], ["late"],
        ])
      #expect(
        try await TestQuery.rows(
          conninfo,
          "SELECT DISTINCT applied_by, reason FROM bizclock.rules WHERE applied_by = 'duty officer' ORDER BY 2")
          == [["duty officer", "over"], ["duty officer", "typhoon"]])
      #expect(try run("verify").status == 0)
    }
  }

  /// What cannot be declared is refused with words, and changes nothing.
  @Test func refusals() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let connection = try await Connection.connect(conninfo)
      try await PolicyChange.apply(
        [.policy, .calendar], to: conninfo, at: "2026-09-01T00:00:00+08:00",
        replacing: "    published_until: 2026-12-28",
        with: """
              published_until: 2026-12-28
              closures: [{ from: 2026-09-20T08:00:00+08:00, name: moving }]
            - { id: wenchang, base: cn, regions: ["469005"], days: [] }
          """)
      try await connection.run { session in
        func apply(_ make: (ClosureDesk) throws -> RuleDocument) throws {
          let desk = try ClosureDesk(&session)
          _ = try desk.apply(
            try make(desk), by: "test", reason: "test", retrospectiveAfter: 0, now: at("09-01 00:00"), on: &session)
        }
        try apply {
          try $0.begin(calendar: "cn", name: "a", from: self.at("09-10 08:00"), to: self.at("09-11 08:00"))
        }
        // Before it, and touching it.
        try apply {
          try $0.begin(calendar: "cn", name: "b", from: self.at("09-11 08:00"), to: self.at("09-12 08:00"))
        }
        // A layer's own, during that of its base.
        try apply { try $0.begin(calendar: "wenchang", name: "c", from: self.at("09-11 12:00"), to: nil) }
        let desk = try ClosureDesk(&session)
        #expect(
          try desk.entries().map { "\($0.calendar) \($0.closure.name) \($0.isDeclared)" } == [
            "cn a true", "cn b true", "cn moving false", "wenchang c true",
          ])
        #expect(try desk.zone(calendar: "wenchang").name == "Asia/Shanghai")
        func refused(_ words: String, missing: Bool = false, _ make: (ClosureDesk) throws -> Void) {
          let refusal = #expect(throws: ClosureDesk.Refusal.self) { try make(desk) }
          #expect(refusal?.description.contains(words) == true, "\(refusal?.description ?? "")")
          #expect(refusal?.isMissing == missing)
        }
        for (from, to) in [
          ("09-10 07:00", "09-10 08:01"), ("09-11 07:59", "09-11 08:00"), ("09-11 23:00", nil),
          ("09-01 08:00", nil),
          ("09-21 08:00", "09-22 08:00"),
        ] {
          refused("which overlaps") {
            _ = try $0.begin(calendar: "cn", name: "x", from: self.at(from), to: to.map(self.at))
          }
        }
        refused("not after its beginning") {
          _ = try $0.begin(calendar: "cn", name: "x", from: self.at("09-13 08:00"), to: self.at("09-13 08:00"))
        }
        for name in ["", " ", "a\nb", "\"a\"", String(repeating: "a", count: 201)] {
          refused("name") { _ = try $0.begin(calendar: "cn", name: name, from: self.at("09-13 08:00"), to: nil) }
        }
        refused("There is no calendar nl in force; there is cn, wenchang.", missing: true) {
          _ = try $0.begin(calendar: "nl", name: "x", from: self.at("09-13 08:00"), to: nil)
        }
        refused("No closure zz of the calendar cn is under way", missing: true) {
          _ = try $0.end(calendar: "cn", name: "zz", at: self.at("09-13 08:00"))
        }
        refused("is written in the calendar's document") {
          _ = try $0.end(calendar: "cn", name: nil, at: self.at("09-21 08:00"))
        }
        refused("does not begin before") { _ = try $0.end(calendar: "cn", name: "a", at: self.at("09-10 08:00")) }
        refused("No such closure", missing: true) { _ = try $0.remove(calendar: "cn", name: "moving", from: nil) }
        // Up to the beginning of another, and to the end of its own.
        #expect(throws: Never.self) {
          _ = try desk.begin(calendar: "cn", name: "x", from: self.at("09-09 08:00"), to: self.at("09-10 08:00"))
          _ = try desk.begin(calendar: "cn", name: "x", from: self.at("09-12 08:00"), to: self.at("09-20 08:00"))
        }
        // The one that is under way at the instant.
        #expect(try desk.end(calendar: "cn", name: nil, at: at("09-11 10:00")).1.name == "b")
        #expect(try desk.end(calendar: "cn", name: nil, at: at("09-10 10:00")).1.name == "a")
        // Other rules since it was looked at.
        try apply { try $0.end(calendar: "wenchang", name: "c", at: self.at("09-12 12:00")).0 }
        #expect(throws: PostgresError.self) {
          _ = try desk.apply(
            try desk.remove(calendar: "cn", name: "a", from: nil).0, by: "test", reason: "late",
            retrospectiveAfter: 0,
            now: at("09-01 00:00"), on: &session)
        }
        // A zone that this system does not have.
        _ = try session.execute(
          """
          INSERT INTO bizclock.rules (applied_at, kind, applied_by, reason, document, files)
          SELECT applied_at, kind, 'test', 'zone', replace(document, 'Asia/Shanghai', 'Mars/Olympus'), files
          FROM bizclock.rules WHERE kind = 'calendar' ORDER BY id DESC LIMIT 1
          """)
        let fault = #expect(throws: SettingsError.self) { try ClosureDesk(&session) }
        #expect(fault?.description.contains("unknown time zone \"Mars/Olympus\"") == true)
      }
      await connection.close()
    }
  }

  // MARK: - Parts

  private func at(_ text: String) -> Instant {
    Instant(rfc3339: "2026-\(text.replacing(" ", with: "T")):00+08:00") ?? Instant(microseconds: 0)
  }

  private func declare(
    _ office: EmbeddedDaemon, _ make: @escaping @Sendable (ClosureDesk, Instant) throws -> RuleDocument
  ) async throws -> Moves {
    let now = office.clock.now()
    let connection = try await Connection.connect(office.conninfo)
    let outcome = try await connection.run { session in
      let desk = try ClosureDesk(&session)
      return try desk.apply(
        try make(desk, now), by: "supervisor", reason: "typhoon", retrospectiveAfter: 86_400_000_000, now: now,
        on: &session
      ).moves
    }
    await connection.close()
    return outcome
  }

  private func verified(_ office: EmbeddedDaemon) async throws {
    let connection = try await Connection.connect(office.conninfo)
    let report = try await connection.run { session in
      let rulebook = try #require(try RuleLoader.load(&session)?.1)
      return try Verifier.verify(rulebook, on: &session)
    }
    await connection.close()
    #expect(report.differences == [])
  }
}
