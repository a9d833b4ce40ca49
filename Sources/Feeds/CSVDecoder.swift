import Glibc
import ServiceTime

/// Turns rows of CSV into events: RFC 4180 with a header row, one row at a time.
///
/// A row that breaks the rules of quoting costs its first line only: reading goes on at the next line, so that a stray
/// quote cannot swallow what follows it.
struct CSVDecoder {
  private let feed: FeedDescription
  private let keys: KeyTable
  private let builder: EventBuilder
  private var draft: EventDraft
  private let arena = ByteArena()
  private(set) var encoding: RowEncoding
  private var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
  /// How the file is laid out; nil before its beginning has been seen.
  private(set) var layout: CSVLayout?
  /// Bytes above the header that have not been passed yet.
  private var above = 0
  private(set) var header: CSVHeader?
  /// Lines that were passed above the header.
  private(set) var titleLines = 0
  /// What the text was in the input.
  var original = OriginalText.same
  /// Is shown the cells of every row that could be taken apart, with the header.
  var onRow: ((CSVHeader, [CSVScanner.Cell]) -> Void)?

  init(feed: FeedDescription) {
    self.feed = feed
    keys = KeyTable(feed: feed)
    builder = EventBuilder(feed: feed)
    draft = EventDraft(milestones: feed.milestones.count)
    encoding = RowEncoding(feed.encoding)
  }

  /// Notes what the file's byte order mark tells.
  mutating func sawMark(_ known: RowEncoding.Known) { encoding.sawMark(known) }

  /// The header row as a reject keeps it: with a byte order mark where a row alone would not tell the encoding. All of
  /// them have the same bytes in memory.
  var keptHeader: [UInt8]? {
    mutating get {
      let mark: [UInt8] =
        switch original {
        case .utf16(let order): order.mark
        case .same:
          encoding.known == .gb18030 && feed.encoding != .gb18030 ? ByteOrderMark.gb18030.bytes : []
        }
      guard let header else { return mark.isEmpty ? nil : mark }
      guard !mark.isEmpty else { return header.raw }
      let marked = markedHeader ?? mark + header.raw
      markedHeader = marked
      return marked
    }
  }
  /// The header row after its mark, which does not change once there is one.
  private var markedHeader: [UInt8]?

  /// Decodes the whole rows of the window until it or the batch is full; returns how many bytes it took.
  ///
  /// It takes nothing where the window holds no whole row, or not yet enough of the file's beginning, and always
  /// something where the window's first line is whole and the window is longer than a row may be.
  mutating func decode(
    _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, now: Instant, maximumRecords: Int,
    cursor: inout FeedCursor, into batch: inout FeedBatch
  ) -> Int {
    if layout == nil {
      guard isLast || window.count > FeedLimits.headBytes else { return 0 }
      seeHead(window, isLast: isLast)
    }
    var at = 0
    while above > 0, !batch.isFull(maximumRecords) {
      guard let line = firstLine(UnsafeBufferPointer(rebasing: window[at...]), isLast: isLast) else { break }
      batch.blankLines += 1
      if !line.bytes.isEmpty { titleLines += 1 }
      pass(line, cursor: &cursor, batch: &batch)
      at += line.used
      above -= line.used
    }
    while at < window.count, above <= 0, !batch.isFull(maximumRecords) {
      guard let row = nextRow(UnsafeBufferPointer(rebasing: window[at...]), isLast: isLast) else { break }
      do throws(FieldFault) {
        if let fault = row.fault { throw fault }
        if isBlank(row) {
          batch.blankLines += 1
        } else if let header {
          onRow?(header, scanner.cells)
          try take(header, row, now: now, cursor, into: &batch)
        } else {
          let found = try readHeader(row)
          if let fault = found.fault {
            batch.refuse(reject(fault, row, cursor))
          } else {
            batch.blankLines += 1
          }
          header = found
          batch.header = keptHeader
        }
      } catch {
        batch.refuse(reject(error, row, cursor))
        if header == nil {
          header = CSVHeader(raw: original.bytes(of: row.bytes), fault: error)
          batch.header = keptHeader
        }
      }
      pass(row, cursor: &cursor, batch: &batch)
      at += row.used
    }
    return at
  }

  private func pass(_ row: Row, cursor: inout FeedCursor, batch: inout FeedBatch) {
    var used = row.used
    if original != .same { used = original.length(of: row.whole) }
    batch.advance(&cursor, lines: row.lines, bytes: used)
  }

  /// Finds out from the beginning of the file how it is written.
  private mutating func seeHead(_ window: UnsafeBufferPointer<UInt8>, isLast: Bool) {
    let isWhole = isLast && window.count <= FeedLimits.headBytes
    var head = UnsafeBufferPointer(rebasing: window.prefix(FeedLimits.headBytes))
    var layout = CSVLayout()
    layout.lineBreak = CSVLayout.lineBreak(of: head, isWhole: isWhole)
    // The last line is not looked at in parts.
    if !isWhole {
      let end = head.lastIndex(of: layout.lineBreak).map { $0 + 1 } ?? 0
      head = UnsafeBufferPointer(rebasing: head[..<end])
    }
    encoding.see(head)
    var delimiters: [UInt8]
    switch feed.delimiter {
    case .auto: delimiters = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
    case .comma: delimiters = [UInt8(ascii: ",")]
    case .semicolon: delimiters = [UInt8(ascii: ";")]
    case .tab: delimiters = [0x09]
    }
    if let (delimiter, length) = CSVLayout.separator(of: head, lineBreak: layout.lineBreak) {
      if delimiters.contains(delimiter) { delimiters = [delimiter] }
      layout.headerOffset = length
    }
    layout.delimiter = delimiters[0]
    arena.reset(capacity: head.count * 8)
    var encoding = encoding
    layout.findHeader(in: head, from: layout.headerOffset, delimiters: delimiters, keys: keys) { bytes in
      encoding.mustConvert(bytes) ? (try? encoding.convert(bytes, arena: arena)) ?? bytes : bytes
    }
    above = layout.headerOffset
    self.layout = layout
    scanner = CSVScanner(delimiter: layout.delimiter, lineBreak: layout.lineBreak)
  }

  // MARK: Rows

  private struct Row {
    /// The row without its last line break.
    var bytes: UnsafeBufferPointer<UInt8>
    /// Bytes to pass.
    var used: Int
    /// Those bytes.
    var whole: UnsafeBufferPointer<UInt8>
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
    // What lies past the longest row and its line break is not looked at: it is there or not as the chunks fall.
    let bound = FeedLimits.lineBytes + 2
    let window = UnsafeBufferPointer(rebasing: rest.prefix(bound))
    switch scanner.scan(window, isLast: isLast && rest.count <= bound) {
    case .row(let length, let used):
      let bytes = UnsafeBufferPointer(rebasing: rest[..<length])
      let breaks = lineBreaks(bytes)
      var row = Row(
        bytes: bytes, used: used, whole: UnsafeBufferPointer(rebasing: rest[..<used]), lines: breaks + 1)
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
      if rest[..<at].contains(scanner.lineBreak) { return brokenLine(rest, CSVDecoder.strayQuote, isLast: isLast) }
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

  private func lineBreaks(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    var count = 0
    var at = 0
    while at < bytes.count, let found = memchr(base + at, Int32(scanner.lineBreak), bytes.count - at) {
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
    if let newline = memchr(base, Int32(scanner.lineBreak), rest.count) {
      length = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
      used = length + 1
    } else if !isLast {
      return nil
    }
    if length > 0, rest[length - 1] == 0x0D { length -= 1 }
    return Row(
      bytes: UnsafeBufferPointer(rebasing: rest[..<length]), used: used,
      whole: UnsafeBufferPointer(rebasing: rest[..<used]), lines: 1)
  }

  /// The first field of one line that has a line break, which only a stray quote puts there.
  private func fieldWithLineBreak() -> EventField? {
    guard let header else { return nil }
    for (cell, column) in zip(scanner.cells, header.columns) where column.role.fields != 0 {
      // A break at the cell's end is a blank like any other.
      guard CellText.trimmed(cell.bytes).contains(scanner.lineBreak) else { continue }
      if let field = EventField.allCases.first(where: { column.role.fields & $0.bit != 0 && $0.isOneLine }) {
        return field
      }
    }
    return nil
  }

  private func isBlank(_ row: Row) -> Bool {
    // Of a row too wide not all cells are there to be looked at.
    scanner.cells.count == scanner.count && scanner.cells.allSatisfy { CellText.trimmed($0.bytes).isEmpty }
  }

  /// Makes UTF-8 of the cells that the scanner found.
  private mutating func convert(_ row: inout Row) {
    // The row converted, which may double it, and freed of quotes, and a copy for each of eight fields that are
    // cleaned, and of the times.
    arena.reset(capacity: row.bytes.count * 2 * (10 + feed.milestones.count))
    guard encoding.mustConvert(row.bytes) else { return }
    if encoding.hasChanged(row.bytes) {
      row.fault = RowEncoding.changed
      return
    }
    do throws(FieldFault) {
      try scanner.rewrite { cell throws(FieldFault) in try encoding.convert(cell, arena: arena) }
      encoding.sawGB18030()
    } catch {
      row.fault = error
    }
  }

  // MARK: Header

  private func readHeader(_ row: Row) throws(FieldFault) -> CSVHeader {
    guard scanner.count <= FeedLimits.columns else {
      throw FieldFault(
        .badCSV, nil,
        "The header has \(scanner.count) columns, it may have at most \(FeedLimits.columns): take out what is not "
          + "needed.")
    }
    for cell in scanner.cells { try check(cell.bytes, in: row, field: nil) }
    let names = scanner.cells.map { CSVHeader.name(plain($0)) }
    return CSVHeader(raw: original.bytes(of: row.bytes), names: names, keys: keys)
  }

  // MARK: Cells

  /// Takes in what a row tells.
  private mutating func take(
    _ header: CSVHeader, _ row: Row, now: Instant, _ cursor: FeedCursor, into batch: inout FeedBatch
  ) throws(FieldFault) {
    if let fault = header.fault {
      throw FieldFault(fault.code, nil, "The row cannot be read because of the file's header. " + fault.message)
    }
    try readCells(header, row)
    if builder.hasMilestones {
      let events = try builder.buildMilestones(&draft, now: now)
      withOriginal(row.bytes) { batch.append(events, from: $0, at: cursor) }
    } else {
      let event = try builder.build(&draft, now: now)
      withOriginal(row.bytes) { batch.append(event, from: $0, at: cursor) }
    }
  }

  /// Hands a body the bytes of the input that a text was.
  @inline(__always)
  private func withOriginal(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    if original == .same { body(text) } else { original.bytes(of: text).withUnsafeBufferPointer(body) }
  }

  /// Reads a row's cells into the draft.
  private mutating func readCells(_ header: CSVHeader, _ row: Row) throws(FieldFault) {
    draft.reset()
    guard scanner.count == header.columns.count || lacksDroppedCells(header, row) else { throw wrongCount(header) }
    for (cell, column) in zip(scanner.cells, header.columns) {
      var fields = column.role.fields
      let first = fields == 0 ? nil : EventField.allCases[fields.trailingZeroBitCount]
      try check(cell.bytes, in: row, field: column.role.milestones != 0 ? .occurredAt : first)
      guard !column.role.isEmpty || column.role.keepIndex >= 0 else { continue }
      let text = CellText.withoutFormula(CellText.trimmed(plain(cell)))
      guard !text.isEmpty else { continue }
      if column.role.keepIndex >= 0 { keep(text, column) }
      if text[0] == UInt8(ascii: "#"), !column.role.isEmpty, SpoiledCell.matches(text) {
        throw spoiled(text, column, in: row)
      }
      if column.role.milestones != 0 { draft.setTimes(column.role.milestones, cleaned(text, .occurredAt), .cell) }
      while fields != 0 {
        let field = EventField.allCases[fields.trailingZeroBitCount]
        let value = cleaned(text, field)
        if !value.isEmpty { draft.set(field.bit, value, .cell) }
        fields &= fields - 1
      }
    }
  }

  /// Whether a row lacks only cells at its end that are dropped: spreadsheets leave out the last cells of rows where
  /// they are empty. A last row without a line break may be cut off.
  private func lacksDroppedCells(_ header: CSVHeader, _ row: Row) -> Bool {
    guard scanner.count < header.columns.count, row.used > row.bytes.count else { return false }
    return header.columns[scanner.count...].allSatisfy { $0.role.isEmpty && $0.role.keepIndex < 0 }
  }

  private func wrongCount(_ header: CSVHeader) -> FieldFault {
    FieldFault(
      .badCSV, nil,
      "The row has \(scanner.count) cells, the header has \(header.columns.count): quote cells that hold the "
        + "delimiter, or add what is missing.")
  }

  private func spoiled(
    _ text: UnsafeBufferPointer<UInt8>, _ column: CSVHeader.Column, in row: Row
  ) -> FieldFault {
    let isTime = column.role.milestones != 0 || column.role.fields & EventField.occurredAt.bit != 0
    let field = isTime ? .occurredAt : EventField.allCases[column.role.fields.trailingZeroBitCount]
    var fault = FieldFault(
      isTime ? .badTime : .badField, field,
      "The column \(Excerpt.quoted(column.name)) has \(Excerpt.quoted(text)), \(SpoiledCell.remedy(text))",
      column: text.baseAddress.flatMap { row.column(of: $0) })
    if column.role.milestones != 0 { fault.columnName = column.name }
    return fault
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
        "The row is not valid \(original == .same ? "UTF-8" : "UTF-16") at \(Excerpt.quoted(bytes)): save the file as "
          + "UTF-8.", column: row.column(of: base + at))
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

  private mutating func reject(_ fault: FieldFault, _ row: Row, _ cursor: FeedCursor) -> Reject {
    guard row.bytes.count <= FeedLimits.lineBytes else {
      let head = UnsafeBufferPointer(rebasing: row.bytes.prefix(FeedLimits.truncatedBytes))
      return tooLarge(
        head: original.bytes(of: head), length: original.length(of: row.bytes), text: row.bytes.count, at: cursor)
    }
    var column = fault.column
    if original != .same, let place = fault.column {
      column = original.length(of: UnsafeBufferPointer(rebasing: row.bytes.prefix(place - 1))) + 1
    }
    return Reject(
      code: fault.code, message: fault.message,
      position: Reject.Position(
        line: cursor.line, byteOffset: cursor.offset, column: column, field: fault.place),
      raw: original.bytes(of: row.bytes), header: keptHeader)
  }

  /// A line that is too long, of which the head is kept; `text` is its length in UTF-8.
  mutating func tooLarge(head: [UInt8], length: Int, text: Int, at cursor: FeedCursor) -> Reject {
    .tooLarge(
      head: head, length: length, textLength: original == .same ? nil : text, at: cursor, header: keptHeader)
  }
}
