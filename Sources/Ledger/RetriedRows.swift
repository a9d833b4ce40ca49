import LibPQ
import ServiceTime

/// Rows of exchange tables among entries read again: what follows from them is what had followed, had they been
/// understood at once.
struct RetriedRows {
  /// Rows of one table, those of one guid once, with their entries.
  private struct Table {
    var page: ExchangePage
    var entries: [Int64] = []
  }

  /// What all entries give: rows have become the events and voids that they tell.
  private(set) var readings: [(id: Int64, reading: Retry.Reading)]
  private var tables: [String: Table] = [:]

  /// Sorts the rows among readings; their positions are locked.
  init(
    _ readings: [(id: Int64, reading: Retry.Reading)], _ order: Retry.Order, at now: Instant,
    _ session: inout Session
  ) throws(PostgresError) {
    self.readings = readings
    for (id, reading) in readings {
      guard case .row(let row, let name) = reading else { continue }
      var table =
        tables[name]
        ?? Table(
          page: ExchangePage(
            feed: order.feed.name, source: order.feed.source, table: name, rows: [], progress: .read(through: nil),
            revision: 0, receivedAt: now))
      if let place = table.page.rows.firstIndex(where: { $0.guid == row.guid }) {
        guard table.page.rows[place].version <= row.version else { continue }
        table.page.rows[place] = row
        table.entries[place] = id
      } else {
        table.page.rows.append(row)
        table.entries.append(id)
      }
      tables[name] = table
    }
    guard !tables.isEmpty else { return }
    var given: [Int64: [Event]] = [:]
    for table in tables.values {
      var sorting = ExchangeSorting(table.page, try ExchangeRegister.known(table.page, &session))
      sorting.compare(with: try Appender.told(sorting.changed, source: order.feed.source, &session))
      let entries = Dictionary(zip(table.page.rows.map(\.guid), table.entries), uniquingKeysWith: { $1 })
      for telling in sorting.tellings {
        if let entry = entries[telling.guid] { given[entry] = telling.events }
      }
    }
    self.readings = readings.map { entry in
      if case .row = entry.reading { (entry.id, .events(given[entry.id] ?? [])) } else { entry }
    }
  }

  /// Notes what rows of settled entries have told.
  func note(settled: [Int64], _ session: inout Session) throws(PostgresError) {
    let settled = Set(settled)
    for table in tables.values {
      let rows = zip(table.page.rows, table.entries).filter { settled.contains($0.1) }.map(\.0)
      try ExchangeRegister.noteCases(rows, of: table.page, &session)
    }
  }
}
