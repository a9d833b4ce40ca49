import Feeds
import Ledger

extension ExchangeSource.Keyed {
  /// From where the page behind it is read, after one that was read from a place; nil where its time places no page, so
  /// that the rest is for the comparison.
  func next(of from: ExchangeQuery.From) -> ExchangeQuery.From? {
    switch from {
    case .version, .behind: key.map { .behind(key: $0, guid: place) }
    case .guid: .guid(place)
    case .rows: nil
    case .unnamed(let since, _): .unnamed(since: since, behind: place)
    }
  }
}

/// How the ledger keeps where a comparison is: rows without a `row_guid` that gives an order come first, by their marks
/// behind a tab, which no such `row_guid` has; then, from the empty text on, those with one.
extension ExchangeQuery.From {
  private static let unnamedMark: Character = "\t"

  /// Whether it is among rows without a `row_guid` that gives an order.
  var isUnnamed: Bool {
    if case .unnamed = self { true } else { false }
  }

  /// Where a comparison goes on; nil begins one.
  init(comparedThrough text: String?) {
    guard let text, text.first != Self.unnamedMark else {
      self = .unnamed(since: "", behind: text.map { String($0.dropFirst()) })
      return
    }
    self = .guid(text.isEmpty ? nil : text)
  }

  /// What is kept of it.
  var comparedThrough: String {
    switch self {
    case .unnamed(_, let mark): String(Self.unnamedMark) + (mark ?? "")
    case .guid(let guid): guid ?? ""
    case .version, .behind, .rows: ""
    }
  }
}

extension ExchangePage.Row {
  /// A row as it was understood.
  init(_ row: ExchangeRow, _ reading: ExchangeReading) {
    let guid = row.identity
    let origin = "\(row.table.rawValue) \(guid.prefix(128))"
    self.init(
      guid: guid, version: row.version?.microseconds ?? .min, content: reading.content,
      // Others could not be asked for again: those are for the comparison.
      plannedEnd: ExchangeQuery.orders(guid) ? reading.plannedEnd : nil,
      prefix: ExchangeEventID.prefix(row.table, guid: guid), events: reading.events,
      reject: reading.reject.map { QuarantineEntry($0, origin: origin) }, origin: origin)
  }
}
