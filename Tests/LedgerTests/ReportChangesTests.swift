import ServiceTime
import Testing

@testable import Ledger

/// Why two reports differ, case by case.
@Suite struct ReportChangesTests {
  private struct Told {
    var sums = ReportChanges()
    var changes: [ReportChanges.Change] = []
    var pages: [Int] = []
  }

  private func changes(
    _ ledger: TestLedger, _ first: String, _ second: String, limit: Int = 100, from: Int = 1, pageSize: Int = 1_000
  ) async throws -> Told {
    try await ledger.connection.run { session in
      var told = Told()
      try ReportChanges.read(
        ReportChanges.Question(
          from: CivilDate(year: 2026, month: 6, day: from), to: CivilDate(year: 2026, month: 6, day: 30),
          between: local(first), and: local(second), limit: limit), pageSize: pageSize, on: &session,
        summed: {
          #expect(told.changes.isEmpty)
          told.sums = $0
        },
        each: { page in
          told.changes += page
          told.pages.append(page.count)
          return true
        })
      return told
    }
  }

  private func lines(_ told: Told) -> [String] {
    told.changes.filter { $0.commitment == "opening" }.map { change in
      func belief(_ belief: ReportChanges.Belief?) -> String {
        belief.map { "\($0.verdict.rawValue) \($0.region)" } ?? "-"
      }
      let reasons = change.reasons.map(\.description).joined(separator: "+")
      return "\(change.caseID): \(belief(change.before)) > \(belief(change.after)) \(reasons)"
    }
  }

  @Test func eachReason() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      func opening(_ id: String, _ completed: String) -> [Event] {
        [
          .told(id, "accepted", "2026-06-01 09:00") { $0.region = "469005100" },
          .told(id, "completed", completed),
        ]
      }
      let first = ["A", "B", "C", "D", "E"].flatMap { opening($0, "2026-06-05 10:00") }
      try await ledger.tell(leader, first, at: local("2026-06-05 11:00"))
      // A: a correction is told. B: voided. C: another region. D: changed and changed back. E: stays.
      let correction = [
        Event.told("A", "correction_requested", "2026-06-02 10:00"),
        Event.told("A", "correction_received", "2026-06-03 10:00"),
      ]
      let detour = Event.told("D", "inspected", "2026-06-04 10:00") { $0.region = "469005109" }
      try await ledger.tell(
        leader,
        correction + [
          .void(first[3], "2026-06-06 09:00"),
          .told("C", "inspected", "2026-06-04 10:00") { $0.region = "469005101" }, detour,
        ], at: local("2026-06-06 09:00"))
      try await ledger.tell(leader, [.void(detour, "2026-06-07 09:00")], at: local("2026-06-07 09:00"))
      // F had finished and is told late; G finishes later; H is told, reopened, and told again.
      try await ledger.tell(leader, opening("F", "2026-06-03 10:00"), at: local("2026-06-08 09:00"))
      try await ledger.tell(leader, opening("G", "2026-06-09 10:00"), at: local("2026-06-09 11:00"))
      try await ledger.tell(leader, opening("H", "2026-06-09 12:00"), at: local("2026-06-09 13:00"))
      try await ledger.tell(leader, [.told("H", "reopened", "2026-06-10 09:00")], at: local("2026-06-10 10:00"))
      try await ledger.tell(leader, [.told("H", "completed", "2026-06-11 09:00")], at: local("2026-06-11 10:00"))

      let all = try await changes(ledger, "2026-06-05 12:00", "2026-06-12 00:00")
      expectRows(
        lines(all),
        [
          "A: late 469005100 > on_time 469005100 late_data", "B: late 469005100 > - voided",
          "C: late 469005100 > late 469005101 late_data", "F: - > on_time 469005100 late_data",
          "G: - > late 469005100 finished", "H: - > late 469005100 finished+reopened",
        ])
      // Before any of it, and from then on, and between two moments in the middle.
      #expect(lines(try await changes(ledger, "2026-06-05 12:00", "2026-06-05 13:00")).isEmpty)
      expectRows(
        lines(try await changes(ledger, "2026-06-06 10:00", "2026-06-09 14:00")),
        [
          "D: late 469005109 > late 469005100 voided", "F: - > on_time 469005100 late_data",
          "G: - > late 469005100 finished", "H: - > late 469005100 finished",
        ])
      expectRows(
        lines(try await changes(ledger, "2026-06-09 14:00", "2026-06-10 12:00")), ["H: late 469005100 > - reopened"]
      )

      // By date of stop, as the report: what left the range is gone from it.
      expectRows(
        lines(try await changes(ledger, "2026-06-05 12:00", "2026-06-12 00:00", from: 9)),
        ["G: - > late 469005100 finished", "H: - > late 469005100 finished+reopened"])
      let sums = all.sums.sums.filter { $0.commitment == "opening" }.map {
        "\($0.reasons.map(\.description)) \($0.clocks) \($0.finished) \($0.onTime) \($0.late) \($0.premature)"
      }
      expectRows(
        sums,
        [
          #"["late_data"] 3 1 2 -1 0"#, #"["voided"] 1 -1 0 -1 0"#, #"["finished"] 1 1 0 1 0"#,
          #"["finished", "reopened"] 1 1 0 1 0"#,
        ])
      let cut = try await changes(ledger, "2026-06-05 12:00", "2026-06-12 00:00", limit: 2)
      #expect(
        cut.changes.count == 2 && cut.sums.count == all.sums.count && cut.sums.count == Int64(all.changes.count))
      #expect(cut.sums.sums.map(\.clocks) == all.sums.sums.map(\.clocks))
      // Page by page, whatever their size.
      let paged = try await changes(ledger, "2026-06-05 12:00", "2026-06-12 00:00", pageSize: 5)
      #expect(lines(paged) == lines(all))
      #expect(paged.pages.dropLast().allSatisfy { $0 == 5 } && paged.pages.count > 1)
      #expect(try await changes(ledger, "2026-06-05 12:00", "2026-06-12 00:00", limit: 0).pages.isEmpty)
    }
  }

  /// A clock that was believed finished on another date has not finished since: it was told otherwise.
  @Test func fromOtherDates() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let wrong = Event.told("A", "completed", "2026-06-05 10:00")
      try await ledger.tell(
        leader, [.told("A", "accepted", "2026-06-04 09:00"), wrong, .told("B", "accepted", "2026-06-04 09:00")],
        at: local("2026-06-05 11:00"))
      try await ledger.tell(
        leader,
        [
          .void(wrong, "2026-06-09 09:00"), .told("A", "completed", "2026-06-09 10:00"),
          .told("B", "completed", "2026-06-09 10:00"),
        ],
        at: local("2026-06-09 11:00"))
      expectRows(
        lines(try await changes(ledger, "2026-06-06 00:00", "2026-06-10 00:00", from: 9)),
        ["A: - > late  voided", "B: - > late  finished"])
      expectRows(
        lines(try await changes(ledger, "2026-06-06 00:00", "2026-06-10 00:00")),
        ["A: on_time  > late  voided", "B: - > late  finished"])
      // Nothing of what lies on other dates at both moments.
      expectRows(lines(try await changes(ledger, "2026-06-06 00:00", "2026-06-10 00:00", from: 10)), [])
    }
  }
}
