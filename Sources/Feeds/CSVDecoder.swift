import Glibc
import ServiceTime

/// Turns rows of CSV into events: RFC 4180 with a header row, one row at a time.
///
/// A row that breaks the rules of quoting costs its first line only: reading goes on at the next line, so that a stray
/// quote cannot swallow what follows it.
struct CSVDecoder {
  private let feed: FeedDescription
  private let keys: KeyTable
  private var builder: EventBuilder
  private var draft = EventDraft()
  private let arena = ByteArena()
  private var encoding: RowEncoding
  private var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
  private(set) var header: CSVHeader?

  init(feed: FeedDescription) {
    self.feed = feed
    keys = KeyTable(feed: feed)
    builder = EventBuilder(feed: feed)
    encoding = RowEncoding(feed.encoding)
  }

  /// Notes that the file began with the byte order mark of UTF-8.
  mutating func sawMark() { encoding.sawMark() }

  /// Decodes the whole rows of the window until it or the batch is full; returns how many bytes it took.
  ///
  /// It takes nothing where the window holds no whole row, and always something where the window's first line is
  /// whole and the window is longer than a row may be.
  mutating func decode(
    _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, now: Instant, maximumRecords: Int,
    cursor: inout FeedCursor, into batch: inout FeedBatch
  ) -> Int {
    var at = 0
    while at < window.count, !batch.isFull(maximumRecords) {
      guard let row = nextRow(UnsafeBufferPointer(rebasing: window[at...]), isLast: isLast) else { break }
      do throws(FieldFault) {
        if let fault = row.fault { throw fault }
        if isBlank(row) {
          batch.blankLines += 1
        } else if let header {
          batch.append(try event(header, row, now: now), from: row.bytes, at: cursor)
        } else {
          header = try readHeader(row)
          batch.blankLines += 1
        }
      } catch {
        batch.rejects.append(reject(error, row, cursor))
        if header == nil { header = CSVHeader(raw: Array(row.bytes), fault: error) }
      }
      batch.advance(&cursor, lines: row.lines, bytes: row.used)
      at += row.used
    }
    return at
  }

  // MARK: Rows

  private struct Row {
    /// The row without its last line break.
    var bytes: UnsafeBufferPointer<UInt8>
    /// Bytes to pass.
    var used: Int
    /// Lines to pass.
    var lines: Int
    /// Why the row, here its first line, cannot be taken apart.
    var fault: FieldFault?

    /// The place of a byte in the row, from 1; nil if it is not one of the row's own.
    func column(of byte: UnsafePointer<UInt8>) -> Int? {
      guard let base = bytes.baseAddress, byte >= base, byte < base + bytes.count else { return nil }
      return byte - base + 1
    }
  }

  /// The row at the beginning of the bytes, its cells left in the scanner; nil if more bytes are needed.
  private mutating func nextRow(_ rest: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Row? {
    if header == nil {
      guard let line = firstLine(rest, isLast: isLast) else { return nil }
      scanner = CSVScanner(delimiter: delimiter(of: line.bytes))
    }
    // What lies past the longest row and its line break is not looked at: it is there or not as the chunks fall.
    let bound = FeedLimits.lineBytes + 2
    let window = UnsafeBufferPointer(rebasing: rest.prefix(bound))
    switch scanner.scan(window, isLast: isLast && rest.count <= bound) {
    case .row(let length, let used):
      let bytes = UnsafeBufferPointer(rebasing: rest[..<length])
      let breaks = CSVDecoder.lineBreaks(bytes)
      var row = Row(bytes: bytes, used: used, lines: breaks + 1)
      if length <= FeedLimits.lineBytes {
        convert(&row)
      } else if breaks == 0 {
        row.fault = CSVDecoder.tooLarge
      }
      guard breaks > 0, row.fault == nil else { return row }
      if length > FeedLimits.lineBytes { return brokenLine(rest, CSVDecoder.openQuote, isLast: isLast) }
      guard let field = fieldWithLineBreak() else { return row }
      return brokenLine(
        rest,
        FieldFault(
          .badCSV, field,
          "A line break stands inside \(builder.label(field)): close the quote that was opened before it."),
        isLast: isLast)
    case .fault(let message, let at):
      if rest[..<at].contains(0x0A) { return brokenLine(rest, CSVDecoder.strayQuote, isLast: isLast) }
      return brokenLine(
        rest,
        FieldFault(
          .badCSV, nil,
          "The row is not valid CSV: at byte \(at + 1), \(message); put cells with quotes or delimiters in quotes "
            + "and double the quotes inside.", column: at + 1),
        isLast: isLast)
    case .incomplete:
      guard rest.count >= bound else { return nil }
      return brokenLine(rest, CSVDecoder.openQuote, isLast: isLast)
    }
  }

  private static let strayQuote = FieldFault(
    .badCSV, nil,
    "The row is not valid CSV: a quote that it opens is closed on a later line, where text follows it; close it here "
      + "or double it.")
  /// Becomes a message with the length where the row is known.
  private static let tooLarge = FieldFault(.tooLarge, nil, "")
  private static let openQuote = FieldFault(
    .badCSV, nil, "A quote that this row opens is not closed within 1 MiB: close it or double it.")

  private static func lineBreaks(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    var count = 0
    var at = 0
    while at < bytes.count, let found = memchr(base + at, 0x0A, bytes.count - at) {
      count += 1
      at = UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
    }
    return count
  }

  /// The first line as a row with a fault; nil if the line is not whole.
  private func brokenLine(_ rest: UnsafeBufferPointer<UInt8>, _ fault: FieldFault, isLast: Bool) -> Row? {
    guard var row = firstLine(rest, isLast: isLast) else { return nil }
    row.fault = fault
    return row
  }

  private func firstLine(_ rest: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Row? {
    guard let base = rest.baseAddress else { return nil }
    var length = rest.count
    var used = rest.count
    if let newline = memchr(base, 0x0A, rest.count) {
      length = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
      used = length + 1
    } else if !isLast {
      return nil
    }
    if length > 0, rest[length - 1] == 0x0D { length -= 1 }
    return Row(bytes: UnsafeBufferPointer(rebasing: rest[..<length]), used: used, lines: 1)
  }

  /// The first field of one line that has a line break, which only a stray quote puts there.
  private func fieldWithLineBreak() -> EventField? {
    guard let header else { return nil }
    for (cell, column) in zip(scanner.cells, header.columns) where column.role.fields != 0 {
      // A break at the cell's end is a blank like any other.
      guard CellText.trimmed(cell.bytes).contains(0x0A) else { continue }
      if let field = EventField.allCases.first(where: { column.role.fields & $0.bit != 0 && $0.isOneLine }) {
        return field
      }
    }
    return nil
  }

  private func isBlank(_ row: Row) -> Bool {
    scanner.cells.allSatisfy { CellText.trimmed($0.bytes).isEmpty }
  }

  /// Makes UTF-8 of the cells that the scanner found.
  private mutating func convert(_ row: inout Row) {
    // The row converted, which may double it, and freed of quotes, and a copy for each of eight fields that are
    // cleaned.
    arena.reset(capacity: row.bytes.count * 2 * 10)
    guard encoding.mustConvert(row.bytes) else { return }
    do throws(FieldFault) {
      try scanner.rewrite { cell throws(FieldFault) in try encoding.convert(cell, arena: arena) }
      encoding.sawGB18030()
    } catch {
      row.fault = error
    }
  }

  // MARK: Header

  private mutating func delimiter(of line: UnsafeBufferPointer<UInt8>) -> UInt8 {
    switch feed.delimiter {
    case .auto:
      arena.reset(capacity: line.count * 2)
      let text = encoding.mustConvert(line) ? try? encoding.convert(line, arena: arena) : line
      return CSVHeader.delimiter(of: text ?? line, keys: keys)
    case .comma: return UInt8(ascii: ",")
    case .semicolon: return UInt8(ascii: ";")
    case .tab: return 0x09
    }
  }

  private func readHeader(_ row: Row) throws(FieldFault) -> CSVHeader {
    for cell in scanner.cells { try check(cell.bytes, in: row, field: nil) }
    let names = scanner.cells.map { String(decoding: CellText.trimmed(plain($0)), as: UTF8.self) }
    let header = CSVHeader(raw: Array(row.bytes), names: names, keys: keys)
    if let fault = header.fault { throw fault }
    return header
  }

  // MARK: Cells

  private mutating func event(_ header: CSVHeader, _ row: Row, now: Instant) throws(FieldFault) -> Event {
    if let fault = header.fault {
      throw FieldFault(fault.code, nil, "The row cannot be read because of the file's header. " + fault.message)
    }
    return try eventOfCells(header, row, now: now)
  }

  private mutating func eventOfCells(_ header: CSVHeader, _ row: Row, now: Instant) throws(FieldFault) -> Event {
    draft.reset()
    guard scanner.cells.count == header.columns.count else {
      throw FieldFault(
        .badCSV, nil,
        "The row has \(scanner.cells.count) cells, the header has \(header.columns.count): quote cells that hold the "
          + "delimiter, or add what is missing.")
    }
    for (cell, column) in zip(scanner.cells, header.columns) {
      var fields = column.role.fields
      try check(
        cell.bytes, in: row, field: fields == 0 ? nil : EventField.allCases[fields.trailingZeroBitCount])
      guard column.role.fields != 0 || column.role.keepIndex >= 0 else { continue }
      let text = CellText.trimmed(plain(cell))
      guard !text.isEmpty else { continue }
      if column.role.keepIndex >= 0 { keep(text, column) }
      while fields != 0 {
        let field = EventField.allCases[fields.trailingZeroBitCount]
        let value = cleaned(text, field)
        if !value.isEmpty { draft.set(field.bit, value, .cell) }
        fields &= fields - 1
      }
    }
    return try builder.build(&draft, now: now)
  }

  private mutating func keep(_ text: UnsafeBufferPointer<UInt8>, _ column: CSVHeader.Column) {
    let value = JSONText.quoted(text)
    column.jsonKey.withUnsafeBufferPointer { key in
      value.withUnsafeBufferPointer { draft.appendKept(key: key, value: $0) }
    }
  }

  /// Refuses a cell that is not UTF-8 or holds NUL.
  private func check(
    _ bytes: UnsafeBufferPointer<UInt8>, in row: Row, field: EventField?
  ) throws(FieldFault) {
    guard let base = bytes.baseAddress else { return }
    if let at = UTF8Check.firstInvalid(bytes) {
      throw FieldFault(
        .badEncoding, field,
        "The row is not valid UTF-8 at \(Excerpt.quoted(bytes)): save the file as UTF-8.",
        column: row.column(of: base + at))
    }
    if let found = memchr(base, 0, bytes.count) {
      throw FieldFault(
        .badField, field, "The cell \(Excerpt.quoted(bytes)) holds a NUL character: take it out.",
        column: row.column(of: UnsafePointer(found.assumingMemoryBound(to: UInt8.self))))
    }
  }

  /// The cell with its doubled quotes made single.
  private func plain(_ cell: CSVScanner.Cell) -> UnsafeBufferPointer<UInt8> {
    guard cell.hasDoubledQuotes else { return cell.bytes }
    let bytes = cell.bytes
    let written = arena.write(atMost: bytes.count) { out in
      var to = 0
      var at = 0
      while at < bytes.count {
        out[to] = bytes[at]
        at += bytes[at] == 0x22 ? 2 : 1
        to += 1
      }
      return to
    }
    return written ?? bytes
  }

  /// The text as the field needs it: what a spreadsheet put around or into it is taken out.
  private func cleaned(_ text: UnsafeBufferPointer<UInt8>, _ field: EventField) -> UnsafeBufferPointer<UInt8> {
    // Names of people and places may begin with an apostrophe of their own.
    if field == .entityName || field == .grid { return text }
    let text = CellText.withoutApostrophe(text)
    if field == .occurredAt { return CellText.trimmed(CellText.folded(text, .all, arena: arena)) }
    guard field.isIdentifier || field == .sequence || field == .extendDays else { return text }
    return CellText.folded(text, .digits, arena: arena)
  }

  private func reject(_ fault: FieldFault, _ row: Row, _ cursor: FeedCursor) -> Reject {
    let header = self.header?.raw
    guard row.bytes.count <= FeedLimits.lineBytes else {
      let head = Array(row.bytes.prefix(FeedLimits.truncatedBytes))
      return .tooLarge(head: head, length: row.bytes.count, at: cursor, header: header)
    }
    return Reject(
      code: fault.code, message: fault.message,
      position: Reject.Position(
        line: cursor.line, byteOffset: cursor.offset, column: fault.column, field: fault.field?.rawValue),
      raw: Array(row.bytes), header: header)
  }
}
