import Feeds
import LibPQ

/// Rows that the exchange database cannot tell in UTF-8: their bytes are none of its own encoding, as a database without
/// one takes them, or are no characters there.
extension ExchangeSource {
  /// A page with such rows, read as the bytes that they are; what can be told as text then is.
  func pageInBytes(
    _ table: ExchangeTable, _ from: ExchangeQuery.From, _ limit: Int, _ session: inout Session
  ) throws(PostgresError) -> [Keyed] {
    var rows = try rows(table, from, limit, inBytes: true, &session)
    var places: [(row: Int, cell: Int)] = []
    for (row, keyed) in rows.enumerated() {
      for (cell, value) in keyed.row.cells.enumerated() where value.bytes.contains(where: { $0 >= 0x80 }) {
        places.append((row, cell))
      }
    }
    let texts = try ExchangeSource.texts(places.map { rows[$0.row].row.cells[$0.cell].bytes }[...], &session)
    for (place, text) in zip(places, texts) {
      let cell = rows[place.row].row.cells[place.cell]
      rows[place.row].row.cells[place.cell] = ExchangeRow.Cell(
        column: cell.column, bytes: text ?? cell.bytes, isText: text != nil)
    }
    return rows
  }

  /// Values of the database's own encoding in UTF-8, nil for those that cannot be told so: they are found by halving, each
  /// with no more statements than there are halves.
  private static func texts(
    _ values: ArraySlice<[UInt8]>, _ session: inout Session
  ) throws(PostgresError) -> [[UInt8]?] {
    guard !values.isEmpty else { return [] }
    do {
      let found = try session.execute(ExchangeQuery.texts, [.byteaArray(Array(values))])
      var texts: [[UInt8]?] = []
      for row in 0..<found.rowCount { texts.append(try found.bytea(row, 0)) }
      return texts
    } catch {
      guard error.isUntranslatable else { throw error }
      guard values.count > 1 else { return [nil] }
      let middle = values.startIndex + values.count / 2
      return try texts(values[..<middle], &session) + texts(values[middle...], &session)
    }
  }
}

extension PostgresError {
  /// Whether a text could not be told in the connection's encoding.
  var isUntranslatable: Bool { code == .characterNotInRepertoire || code == .untranslatableCharacter }
}
