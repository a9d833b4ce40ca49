import ServiceTime
import Testing

@testable import Ledger

/// A row is compared field by field; none may be left out.
@Suite struct ClockRowTests {
  private static let moves: [(String, @Sendable (inout ClockRow) -> Void)] = [
    ("dueAt", { $0.dueAt = Instant(microseconds: 7) }), ("dueDay", { $0.dueDay = CivilDate(dayNumber: 7) }),
    ("provisional", { $0.provisional = true }),
    ("levels", { $0.levels[0].at = Instant(microseconds: 7) }),
  ]
  private static let others: [(String, @Sendable (inout ClockRow) -> Void)] = [
    ("caseID", { $0.caseID = "K2" }), ("key", { $0.key.round = 2 }),
    ("versionFrom", { $0.versionFrom = CivilDate(dayNumber: 7) }),
    ("startedAt", { $0.startedAt = Instant(microseconds: 7) }),
    ("startedReceivedAt", { $0.startedReceivedAt = Instant(microseconds: 7) }),
    ("stoppedAt", { $0.stoppedAt = Instant(microseconds: 7) }),
    ("markAt", { $0.markAt = Instant(microseconds: 7) }),
    ("measures", { $0.measures.working = 7 }), ("overrun", { $0.overrun = Overrun(time: 7, days: 0) }),
    ("markOffice", { $0.markOffice = 7 }), ("stoppedDay", { $0.stoppedDay = CivilDate(dayNumber: 7) }),
    ("markDay", { $0.markDay = CivilDate(dayNumber: 7) }), ("extendedDays", { $0.extendedDays = 7 }),
    ("breached", { $0.breached = true }), ("early", { $0.early = true }), ("history", { $0.history = true }),
    ("state", { $0.state = .paused }), ("verdict", { $0.verdict = .late }),
    ("outcome", { $0.outcome = "completed" }),
    ("calendar", { $0.calendar = "other" }),
    ("pauses", { $0.pauses = [ClockPause(kind: "suspended", from: Instant(microseconds: 7), to: nil)] }),
  ]
  /// What depends on when the row was written.
  private static let written: [(String, @Sendable (inout ClockRow) -> Void)] = [
    ("nextLevelAt", { $0.nextLevelAt = Instant(microseconds: 7) }),
    ("verdictRecordedAt", { $0.verdictRecordedAt = Instant(microseconds: 7) }),
  ]

  @Test func everyFieldIsCompared() {
    var row = ClockRow(
      caseID: "K1", key: ClockKey(commitment: "opening", round: 1), at: Instant(microseconds: 1),
      day: CivilDate(dayNumber: 1), state: .running, calendar: "cn")
    row.levels = [
      LevelReach(
        level: "red", priority: .error, revision: 1, at: Instant(microseconds: 1), dueAt: Instant(microseconds: 1))
    ]
    #expect(row.derivesTheSame(as: row) && row.isOnlyMoved(from: row))
    func changed(_ change: (inout ClockRow) -> Void) -> ClockRow {
      var other = row
      change(&other)
      return other
    }
    for (name, change) in ClockRowTests.moves {
      #expect(!row.derivesTheSame(as: changed(change)), "\(name)")
      #expect(row.isOnlyMoved(from: changed(change)), "\(name)")
    }
    for (name, change) in ClockRowTests.others {
      #expect(!row.derivesTheSame(as: changed(change)), "\(name)")
      #expect(!row.isOnlyMoved(from: changed(change)), "\(name)")
    }
    for (name, change) in ClockRowTests.written { #expect(row.derivesTheSame(as: changed(change)), "\(name)") }
    let named = (ClockRowTests.moves + ClockRowTests.others + ClockRowTests.written).map(\.0)
    #expect(Mirror(reflecting: row).children.compactMap(\.label).sorted() == named.sorted())
  }
}
