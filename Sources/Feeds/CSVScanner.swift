import Glibc

/// Finds the cells of one CSV row (RFC 4180) in bytes that may not hold all of it yet.
struct CSVScanner {
  /// One cell of a row, between its quotes if it has some.
  struct Cell {
    var bytes: UnsafeBufferPointer<UInt8>
    /// Whether doubled quotes stand for single ones in it.
    var hasDoubledQuotes = false
  }

  /// What stands at the cursor.
  enum Outcome {
    /// A row of `length` bytes; with its line break it has `used`.
    case row(length: Int, used: Int)
    /// The bytes end before the row does.
    case incomplete
    /// The row breaks the rules at this byte from its beginning.
    case fault(StaticString, at: Int)
  }

  let delimiter: UInt8
  /// A line feed; a carriage return where lines end in that alone, as in files of old Macs.
  let lineBreak: UInt8
  /// The cells of the last row, as many as a row may have.
  private(set) var cells: [Cell] = []
  /// How many cells the last row has.
  private(set) var count = 0

  init(delimiter: UInt8, lineBreak: UInt8 = 0x0A) {
    self.delimiter = delimiter
    self.lineBreak = lineBreak
  }

  /// Reads the row at the beginning of the bytes; `isLast` says that nothing follows them.
  mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Outcome {
    cells.removeAll(keepingCapacity: true)
    count = 0
    guard let base = bytes.baseAddress else { return .incomplete }
    let end = bytes.count
    var i = 0
    while true {
      if i < end, base[i] == UInt8(ascii: "\"") {
        switch quotedCell(base, i, end, isLast: isLast) {
        case .next(let after): i = after
        case .done(let outcome): return outcome
        }
      } else if i + 1 < end, base[i] == UInt8(ascii: "="), base[i + 1] == 0x22,
        let move = textFormula(base, i + 2, end, isLast: isLast)
      {
        switch move {
        case .next(let after): i = after
        case .done(let outcome): return outcome
        }
      } else {
        switch plainCell(base, i, end, isLast: isLast) {
        case .next(let after): i = after
        case .done(let outcome): return outcome
        }
      }
    }
  }

  private enum Move {
    /// A delimiter was passed; the next cell stands here.
    case next(Int)
    case done(Outcome)
  }

  private mutating func plainCell(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, isLast: Bool) -> Move {
    var i = start
    while i < end {
      let byte = base[i]
      if byte == delimiter {
        add(base, start, i)
        return .next(i + 1)
      }
      if byte == lineBreak {
        let stop = byte == 0x0A && i > start && base[i - 1] == 0x0D ? i - 1 : i
        add(base, start, stop)
        return .done(.row(length: stop, used: i + 1))
      }
      if byte == UInt8(ascii: "\"") { return .done(.fault("a quote stands inside a cell without quotes", at: i)) }
      i += 1
    }
    guard isLast else { return .done(.incomplete) }
    let stop = end > start && base[end - 1] == 0x0D ? end - 1 : end
    add(base, start, stop)
    return .done(.row(length: stop, used: end))
  }

  private mutating func quotedCell(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, isLast: Bool) -> Move {
    var i = start + 1
    var hasDoubledQuotes = false
    while true {
      guard i < end, let found = memchr(base + i, 0x22, end - i) else {
        return .done(isLast ? .fault("a quote is not closed", at: start) : .incomplete)
      }
      i = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      guard i + 1 < end else {
        if isLast { break }
        return .done(.incomplete)
      }
      guard base[i + 1] == 0x22 else { break }
      hasDoubledQuotes = true
      i += 2
    }
    return closedCell(base, start + 1, i, end, hasDoubledQuotes: hasDoubledQuotes, isLast: isLast)
  }

  /// Takes in a formula that is nothing but a text, `="00123"`, as programs write it to keep a spreadsheet from making
  /// a number of it; nil if it is something else.
  private mutating func textFormula(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, isLast: Bool
  ) -> Move? {
    var i = start
    while i < end, base[i] != 0x22 {
      // The delimiter would end the cell for a spreadsheet.
      if base[i] == delimiter || base[i] == 0x0A || base[i] == 0x0D { return nil }
      i += 1
    }
    guard i < end else { return isLast ? nil : .done(.incomplete) }
    return closedCell(base, start, i, end, hasDoubledQuotes: false, isLast: isLast)
  }

  /// Takes in a cell whose closing quote stands at `close`.
  private mutating func closedCell(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ close: Int, _ end: Int, hasDoubledQuotes: Bool, isLast: Bool
  ) -> Move {
    add(
      Cell(
        bytes: UnsafeBufferPointer(start: base + start, count: close - start), hasDoubledQuotes: hasDoubledQuotes))
    let after = close + 1
    if after == end { return .done(isLast ? .row(length: end, used: end) : .incomplete) }
    if base[after] == delimiter { return .next(after + 1) }
    if base[after] == lineBreak { return .done(.row(length: after, used: after + 1)) }
    if base[after] == 0x0D, lineBreak == 0x0A {
      if after + 1 < end, base[after + 1] == 0x0A { return .done(.row(length: after, used: after + 2)) }
      if after + 1 == end { return .done(isLast ? .row(length: after, used: end) : .incomplete) }
    }
    return .done(.fault("text stands after a closing quote", at: after))
  }

  /// Rewrites the text of every cell.
  mutating func rewrite(
    _ text: (UnsafeBufferPointer<UInt8>) throws(FieldFault) -> UnsafeBufferPointer<UInt8>
  ) throws(FieldFault) {
    for index in cells.indices { cells[index].bytes = try text(cells[index].bytes) }
  }

  private mutating func add(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
    add(Cell(bytes: UnsafeBufferPointer(start: base + start, count: end - start)))
  }

  @inline(__always)
  private mutating func add(_ cell: Cell) {
    count += 1
    // One too many, for the row to be known as such.
    if count <= FeedLimits.columns + 1 { cells.append(cell) }
  }
}
