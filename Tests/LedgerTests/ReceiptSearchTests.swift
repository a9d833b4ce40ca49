import ServiceTime
import Testing

@testable import Ledger

/// When an event entered the ledger is found among the events at hand, however many they are.
@Suite struct ReceiptSearchTests {
  @Test(arguments: [0, 1, 24, 25, 100]) func everyEventIsFound(count: Int) {
    let events = (0..<count).map { number in
      var event = Event.told("K1", "submitted", "2026-06-01 09:00")
      event.eventID = Identifier("e\(number)")
      return StoredEvent(
        event: event, position: Int64(number), receivedAt: TestLedger.now + Int64(number), history: number % 2 == 0)
    }
    let search = ReceiptSearch(events)
    for stored in events { #expect(search[stored.event.key] == stored.receipt) }
    #expect(search[EventKey(source: "test", eventID: "another")] == nil)
    if let first = events.first {
      #expect(search[EventKey(source: "another", eventID: first.event.eventID)] == nil)
    }
  }

  /// A case of many events has its clock: judged and verified alike, it could be missing from both.
  @Test func aLongCaseHasItsClock() throws {
    var events: [StoredEvent] = []
    for number in 0..<60 {
      var event = Event.told("K1", number == 0 ? "accepted" : "step_started", "2026-06-01 09:00")
      event.eventID = Identifier("e\(number)")
      event.sequence = Int64(number)
      events.append(StoredEvent(event: event, position: Int64(number), receivedAt: TestLedger.now, history: false))
    }
    let rulebook = try ShippedRules.rulebook()
    let few = CaseAfter(folding: Array(events.prefix(2)), of: "K1", rulebook, asOf: TestLedger.now)
    let many = CaseAfter(folding: events, of: "K1", rulebook, asOf: TestLedger.now)
    let (_, judged) = CachedCase.judged("K1", events, rulebook, asOf: TestLedger.now)
    #expect(!few.clocks.isEmpty)
    #expect(many.clocks.map(\.key) == few.clocks.map(\.key))
    #expect(judged.clocks == many.clocks)
  }
}
