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
}
