import ServiceTime

/// When the events of a case entered the ledger: looked through one by one while they are few, as they mostly are.
struct Receipts: Sendable {
  /// So many are looked through in less time than a table of them takes to make.
  static let few = 24
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
