import ServiceTime

/// When the events of a case entered the ledger: looked through one by one while they are few, as they mostly are.
struct Receipts: Sendable {
  fileprivate static let few = 24
  private var entries: [(key: EventKey, receipt: StoredEvent.Receipt)] = []
  /// The places of all entries, once there are more than a few.
  private var places: [EventKey: Int] = [:]

  init(capacity: Int = 0) { entries.reserveCapacity(capacity) }

  subscript(key: EventKey) -> StoredEvent.Receipt? { place(of: key).map { entries[$0].receipt } }

  /// Adds the receipt of another event.
  mutating func add(_ receipt: StoredEvent.Receipt, of key: EventKey) {
    entries.append((key, receipt))
    if !places.isEmpty {
      places[key] = entries.count - 1
    } else if entries.count > Receipts.few {
      for (place, entry) in entries.enumerated() { places[entry.key] = place }
    }
  }

  private func place(of key: EventKey) -> Int? {
    places.isEmpty ? entries.firstIndex { $0.key == key } : places[key]
  }
}

/// When events at hand entered the ledger: looked for among the events themselves while they are few.
struct ReceiptSearch {
  private let events: [StoredEvent]
  private let table: Receipts?

  init(_ events: [StoredEvent]) {
    self.events = events
    guard events.count > Receipts.few else {
      table = nil
      return
    }
    var receipts = Receipts(capacity: events.count)
    for stored in events { receipts.add(stored.receipt, of: stored.event.key) }
    table = receipts
  }

  subscript(key: EventKey) -> StoredEvent.Receipt? {
    if let table { return table[key] }
    return events.first { $0.event.eventID == key.eventID && $0.event.source == key.source }?.receipt
  }
}
