import ServiceTime
import Testing

@testable import Ledger

/// What is kept in memory is bounded, and the latest stays.
@Suite struct BoundedMemoryTests {
  private func cached(_ rulebook: Rulebook, _ number: Int) -> CachedCase {
    let row = CaseRow(
      caseID: "K", attributes: CaseAttributes(), mayBeIndividual: false, reportTag: nil, firstOccurredAt: nil,
      lastOccurredAt: nil, events: Int32(number), shares: [])
    return CachedCase(fold: CaseFold(rulebook: rulebook), row: row, clocks: [], receipts: Receipts())
  }

  @Test(arguments: [0, 1, 2, 10])
  func cases(_ capacity: Int) throws {
    let rulebook = try ShippedRules.rulebook()
    var cache = ProjectionCache(capacity: capacity)
    for number in 0..<100 {
      cache.put(cached(rulebook, number), for: Identifier("K\(number)"))
      #expect(cache[Identifier("K\(number)")]?.row.events == Int32(number))
      // The same again is the newer.
      cache.put(cached(rulebook, -number), for: Identifier("K\(number)"))
      #expect(cache[Identifier("K\(number)")]?.row.events == Int32(-number))
    }
    let kept = (0..<100).filter { cache[Identifier("K\($0)")] != nil }
    #expect(kept.count <= max(2, capacity))
    #expect(kept == Array(100 - kept.count..<100))
    cache.removeAll()
    #expect(cache["K99"] == nil)
  }

  @Test func keys() {
    var recent = RecentKeys(capacity: 10)
    func key(_ number: Int) -> Int { LedgerKey(.told("K\(number)", "accepted", "2026-06-01 09:00")).hash }
    for number in 0..<1_000 {
      recent.insert(key(number))
      #expect(recent.contains(key(number)))
      #expect(recent.contains(key(max(0, number - 9))))
    }
    #expect((0..<1_000).filter { recent.contains(key($0)) }.count <= 20)
  }
}
