import ServiceTime
import Testing

@testable import Ledger

/// The walk over the whole ledger, page by page.
@Suite struct CasePagesTests {
  /// A case larger than a page comes whole, and makes no later page larger.
  @Test func aLargeCaseMakesNoLargePages() async throws {
    try await TestLedger.with { ledger async throws in
      var events = (10..<34).map { Event.told("A", "submitted", "2026-06-01 09:\($0)") }
      events += (0..<9).map { Event.told("B\($0)", "submitted", "2026-06-01 09:00") }
      try await ledger.append(events)
      let pages = try await ledger.connection.run { session -> [[Int]] in
        var pages = CasePages(through: .max, pageSize: 4)
        var sizes: [[Int]] = []
        while let page = try pages.next(&session) { sizes.append(page.cases.map { $0.1.count }) }
        return sizes
      }
      #expect(pages.first?.first == 24)
      #expect(pages.dropFirst().allSatisfy { $0.count <= 4 })
      #expect(pages.flatMap { $0 }.count == 10)
    }
  }

  /// Rows of cases without an event are met once each, wherever they lie between pages.
  @Test(arguments: [1, 3, 4, 100]) func strays(_ size: Int64) async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append(
        (1...6).flatMap { case_ in (0..<2).map { .told("K\(case_)", "submitted", "2026-06-01 09:0\($0)") } })
      let ids = ["", "A", "K1", "K1-", "K2-", "K3-", "K6-", "Z"]
      try await ledger.execute(
        "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) SELECT unnest('{\"\",A,K1,K1-,K2-,K3-,K6-,Z}'::text[]), 1, false"
      )
      for bounds in [[], ["K2"], ["K1-", "K4"]] as [[Identifier]] {
        let strays = try await ledger.connection.run { session -> [String] in
          var strays: [String] = []
          for (after, until) in zip([nil] + bounds, bounds + [nil] as [Identifier?]) {
            var pages = CasePages(through: .max, after: after, until: until, pageSize: size)
            while let page = try pages.next(&session) {
              for case .row(let row) in try CasePage(page.cases, page.span, &session).strays {
                strays.append(row.caseID.text)
              }
            }
          }
          return strays
        }
        #expect(strays == ids.filter { $0 != "K1" }, "\(bounds)")
      }
    }
  }
}
