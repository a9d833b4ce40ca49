import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 4 and 5 while the database is away: told on the instant, and recorded once when it is back.
@Suite(.serialized) struct UnrecordedTests {
  enum Trouble: String, CaseIterable {
    /// Whoever connects is refused.
    case stopped
    /// Whoever connects is let in and gets no answer; who is inside waits for the answer of a statement.
    case frozen
  }

  @Test(arguments: Trouble.allCases) func toldOnTheInstantAndRecordedOnce(_ trouble: Trouble) async throws {
    try await AbsentOffice.with { server, folder in
      let office = try AbsentOffice(server.conninfo, folder: folder)
      try office.put(
        "1.ndjson",
        [
          AbsentOffice.accepted("C1"), AbsentOffice.accepted("C2"),
          // Its clock stands: no level of it is to come.
          DaemonTestBase.event("C2", "suspended", "2026-09-14T09:00:00+08:00"),
        ])
      try await office.watching(3)
      switch trouble {
      case .stopped: try server.kill()
      case .frozen: server.freeze()
      }
      office.advance(to: "2026-09-15T16:12:00+08:00")
      let levels = AbsentOffice.levels("C1")
      try await office.told(.alertUnrecorded, [levels[0]])
      office.advance(to: "2026-09-15T17:30:00+08:00")
      try await office.told(.alertUnrecorded, levels)
      #expect(office.alerts(.alertRaised).isEmpty)
      let red = office.lines(.alertUnrecorded).first { $0["alert_id"] == .text(levels[1]) }
      #expect(red?.priority == .error)
      #expect(
        red?.message
          == "Case C1: Licence in one day overran its limit, due 2026-09-15T17:30:00+08:00 (level red); "
          + "the database is away, and the alert will be recorded when it returns.")
      #expect(
        red?.fields.map(\.key) == [
          "alert_id", "case_id", "commitment", "round", "level", "revision", "due_at", "level_at",
          "overrun_seconds",
          "region", "service_window", "message_zh",
        ])
      #expect(red?["level_at"] == .text("2026-09-15T17:30:00+08:00"))
      #expect(red?["overrun_seconds"] == .integer(0))
      #expect(office.lines(.alertUnrecorded).first?.priority == .warning)

      switch trouble {
      case .stopped: try await server.start()
      case .frozen: server.thaw()
      }
      office.advance(to: "2026-09-15T17:40:00+08:00")
      try await office.told(.alertRaised, levels)
      try await office.settled()
      // Each line of what was told says when; the alert counts as logged since then.
      #expect(office.lines(.alertRaised).allSatisfy { $0["unrecorded_at"] != nil })
      try await AbsentOffice.expect(office.recorded(), levels.sorted())
      let logged = try await TestQuery.rows(
        server.conninfo,
        "SELECT bool_and(logged_at = level_at AND recorded_at >= level_at)::text FROM dashboard.alert")
      #expect(logged == [["true"]])
      #expect(office.alerts(.alertWithdrawn).isEmpty)
      #expect(try await office.verified())
      await office.stop()
    }
  }

  /// What happened meanwhile lies in the spool: the case was completed before its levels.
  @Test func undoneByWhatLayInTheSpool() async throws {
    try await AbsentOffice.with { server, folder in
      let office = try AbsentOffice(server.conninfo, folder: folder)
      try office.put("1.ndjson", [AbsentOffice.accepted("C1"), AbsentOffice.accepted("C2")])
      try await office.watching(6)
      try server.kill()
      try office.put("2.ndjson", [DaemonTestBase.event("C1", "completed", "2026-09-15T16:00:00+08:00")])
      office.advance(to: "2026-09-15T17:30:00+08:00")
      let (one, two) = (AbsentOffice.levels("C1"), AbsentOffice.levels("C2"))
      try await office.told(.alertUnrecorded, one + two)
      try await server.start()
      // Whether it was raised first, or projected first: the withdrawal is told, and recorded.
      try await office.told(.alertWithdrawn, one)
      try await office.settled()
      try await AbsentOffice.expect(office.recorded(), one.map { $0 + " withdrawn" }.sorted() + two.sorted())
      #expect(Set(office.alerts(.alertRaised)).isSuperset(of: two))
      #expect(office.alerts(.alertRaised).count == Set(office.alerts(.alertRaised)).count)
      #expect(try await office.verified())
      await office.stop()
    }
  }

  /// The daemon is started anew while the database is away: it goes on where it was, tells at once what was reached
  /// while it was down, and nothing twice, unless the power cut off the line that says so.
  @Test(arguments: [false, true]) func aRestartInBetween(_ isTorn: Bool) async throws {
    try await AbsentOffice.with { server, folder in
      let before = try AbsentOffice(server.conninfo, folder: folder)
      try before.put("1.ndjson", [AbsentOffice.accepted("C1"), AbsentOffice.accepted("C2")])
      try await before.watching(6)
      try server.kill()
      // The loss makes it write what it knows; that is what a power cut would leave.
      let watch = URL(filePath: folder + "/state/watch")
      try await before.until("the list in its file") {
        (try? String(contentsOf: watch, encoding: .utf8))?.contains("C2") ?? false
      }
      let list = try Data(contentsOf: watch)
      before.advance(to: "2026-09-15T16:12:00+08:00")
      let levels = AbsentOffice.levels("C1") + AbsentOffice.levels("C2")
      let yellow = [levels[0], levels[3]]
      try await before.told(.alertUnrecorded, yellow)
      await before.stop()
      var repeated: [String] = []
      if isTorn {
        let path = folder + "/state/unrecorded"
        try Data(contentsOf: URL(filePath: path)).dropLast(3).write(to: URL(filePath: path))
        try list.write(to: watch)
        repeated = [yellow[1]]
      }
      let after = try AbsentOffice(server.conninfo, folder: folder, at: "2026-09-15T17:31:00+08:00")
      try await after.told(.alertUnrecorded, levels.filter { !yellow.contains($0) } + repeated)
      try await server.start()
      try await after.told(.alertRaised, levels)
      try await after.settled()
      try await AbsentOffice.expect(after.recorded(), levels.sorted())
      #expect(try await after.verified())
      await after.stop()
      #expect(!before.log.records.contains { $0.event == .alertRaised })
    }
  }

  /// Only this daemon is cut off: another takes over and records; this one may tell too, under the same ids, and when
  /// it is back it stands by, knows nothing of levels to come any more, and withdraws nothing.
  @Test func anotherDaemonTakesOver() async throws {
    try await AbsentOffice.with { server, folder in
      let way = server.way()
      let first = try AbsentOffice(way.conninfo, folder: folder + "/1", holder: "first")
      try first.put("1.ndjson", [AbsentOffice.accepted("C1")])
      try await first.watching(3)
      let second = try AbsentOffice(server.conninfo, folder: folder + "/2", holder: "second")
      let (one, two) = (first.daemon.state, second.daemon.state)
      try await TestDeadline.within(TestDeadline.patience, "the second to stand by") {
        _ = await two.wait { $0.role == .standby }
      }
      #expect(second.absence.levels.contents.count == 0)
      way.cut()
      _ = try await TestQuery.rows(
        server.conninfo,
        """
        SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
        WHERE application_name LIKE 'bizclock%' AND pid <> pg_backend_pid()
        """)
      try await second.watching(3)
      first.advance(to: "2026-09-15T17:30:00+08:00")
      second.advance(to: "2026-09-15T17:30:00+08:00")
      let levels = AbsentOffice.levels("C1")
      try await second.told(.alertRaised, levels)
      try await first.told(.alertUnrecorded, levels)
      try FileManager.default.createSymbolicLink(
        atPath: way.folder, withDestinationPath: server.directory + "/socket")
      defer { way.cut() }
      try await TestDeadline.within(TestDeadline.patience, "the first to stand by") {
        _ = await one.wait { $0.role == .standby }
      }
      try await first.settled()
      try await first.until("its list to be gone") {
        !FileManager.default.fileExists(atPath: folder + "/1/state/watch")
      }
      #expect(first.absence.levels.contents.count == 0)
      try await AbsentOffice.expect(second.recorded(), levels.sorted())
      #expect(second.alerts(.alertUnrecorded).isEmpty)
      for office in [first, second] { #expect(office.alerts(.alertWithdrawn).isEmpty) }
      #expect(first.alerts(.alertRaised).isEmpty)

      // Away for both: who leads tells, who stands by does not.
      try second.put("2.ndjson", [AbsentOffice.accepted("C2")])
      try await second.told(.alertRaised, levels + AbsentOffice.levels("C2"))
      second.advance(to: "2026-09-16T09:00:00+08:00")
      first.advance(to: "2026-09-16T09:00:00+08:00")
      try await second.watching(2)
      try server.kill()
      second.advance(to: "2026-09-16T17:30:00+08:00")
      first.advance(to: "2026-09-16T17:30:00+08:00")
      try await second.told(.alertUnrecorded, ["C1/opening/1/red/1", "C2/opening/1/red/1"])
      #expect(first.alerts(.alertUnrecorded).sorted() == levels.sorted())
      await first.stop()
      await second.stop()
    }
  }

  /// Twenty thousand levels, most of them at one instant: a line each, one summary, and a row each.
  @Test func manyAtOneInstant() async throws {
    let count = 7_000
    try await AbsentOffice.with { server, folder in
      let office = try AbsentOffice(server.conninfo, folder: folder)
      try office.put("1.ndjson", (0..<count).map { AbsentOffice.accepted("M\($0)") })
      try await office.watching(3 * count)
      try server.kill()
      office.advance(to: "2026-09-15T17:30:00+08:00")
      try await TestDeadline.within(TestDeadline.patience, "the summary") {
        for await record in office.log.stream() where record["unrecorded"] == .integer(Int64(3 * count)) { return }
      }
      let levels = (0..<count).flatMap { AbsentOffice.levels("M\($0)") }
      for event in [LogEvent.alertUnrecorded, .alertRaised] {
        if event == .alertRaised {
          try await server.start()
          try await TestDeadline.within(TestDeadline.patience, "the summary of what was recorded") {
            for await record in office.log.stream() where record["raised"] != nil { return }
          }
        }
        let told = office.alerts(event)
        #expect(told.count == 3 * count)
        #expect(Set(told) == Set(levels))
      }
      try await office.settled()
      let rows = try await TestQuery.rows(
        server.conninfo, "SELECT count(*)::text, count(withdrawn_at)::text FROM dashboard.alert")
      #expect(rows == [["\(3 * count)", "0"]])
      await office.stop()
    }
  }

  struct Wait: Sendable, CustomTestStringConvertible {
    var isThere: Bool
    var part: AbsenceAlarm.Part
    /// For how many milliseconds the level has waited, and the leader has failed.
    var waited: Int
    var failing: Int?
    var cause: UnrecordedCause?
    var testDescription: String {
      "\(isThere ? "there" : "away"), \(part), waited \(waited) ms, failing \(failing.map(String.init) ?? "not")"
    }
  }

  /// A leader that is slow is not one whose database is away.
  @Test func whenItIsAway() async throws {
    let cases = [
      // It is asked only after the leader has had its time.
      Wait(isThere: true, part: .leading, waited: 299, cause: nil),
      Wait(isThere: false, part: .leading, waited: 299, cause: nil),
      Wait(isThere: true, part: .leading, waited: 300, cause: nil),
      Wait(isThere: false, part: .leading, waited: 300, cause: .away),
      Wait(isThere: true, part: .leading, waited: 29_999, cause: nil),
      Wait(isThere: true, part: .leading, waited: 30_000, cause: .stuck),
      // At the start nobody raises levels for a while.
      Wait(isThere: true, part: .starting, waited: 60_000, cause: nil),
      Wait(isThere: false, part: .starting, waited: 300, cause: .away),
      // The leader has tried and failed: that is known without asking, once it lasts.
      Wait(isThere: true, part: .leading, waited: 0, failing: 999, cause: nil),
      Wait(isThere: true, part: .leading, waited: 0, failing: 1_000, cause: .away),
      Wait(isThere: true, part: .leading, waited: 300, failing: 0, cause: .away),
    ]
    try await AbsentOffice.with { server, _ in
      for isThere in [true, false] {
        if !isThere { server.freeze() }
        let alarm = AbsenceAlarm(
          database: DatabaseSource(conninfo: server.conninfo), log: MemorySink(), directory: nil,
          retrospectiveAfter: 0)
        for wait in cases where wait.isThere == isThere {
          var known = AbsenceAlarm.Duty()
          known.part = wait.part
          // A little earlier, for the test itself takes time, which only adds.
          known.failedSince = wait.failing.map { .now - .milliseconds($0) }
          if wait.failing == 999 { known.failedSince = .now }
          let cause = await alarm.cause(known, waited: .milliseconds(wait.waited))
          #expect(cause == wait.cause, "\(wait.testDescription)")
        }
      }
      let alarm = AbsenceAlarm(
        database: DatabaseSource(conninfo: server.conninfo), log: MemorySink(), directory: nil,
        retrospectiveAfter: 0)
      // What it refuses, it is there to refuse.
      alarm.failed(PostgresError(.server, operation: "", message: "", code: .insufficientPrivilege))
      #expect(alarm.known.failedSince == nil)
      alarm.failed(PostgresError(.unreachable, operation: "", message: ""))
      #expect(alarm.known.failedSince != nil)
      // A database that answered the leader a moment ago is there, however long a new connection takes.
      var answered = AbsenceAlarm.Duty()
      answered.part = .leading
      answered.answeredAt = .now + .seconds(60)
      #expect(await alarm.cause(answered, waited: .milliseconds(400)) == nil)
      answered.answeredAt = .now - .milliseconds(500)
      #expect(await alarm.cause(answered, waited: .milliseconds(400)) == .away)
      server.thaw()
    }
  }
}
