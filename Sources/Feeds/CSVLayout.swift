import Glibc

/// How a CSV file is laid out, found out from its beginning: what ends its lines, what stands between its cells, and
/// where its header is.
struct CSVLayout {
  /// Most rows that may stand above the header: a title, who made the table and when.
  static let mostTitles = 20

  var delimiter = UInt8(ascii: ",")
  /// A line feed; a carriage return where no line of the beginning ends in anything else.
  var lineBreak: UInt8 = 0x0A
  /// Bytes above the header row.
  var headerOffset = 0

  /// A row that may be the header, with a delimiter.
  fileprivate struct Candidate {
    var delimiter: UInt8
    var offset: Int
    var known: Int
    var cells: Int
    var filled: Int
  }

  /// What ends the lines of a text; `isWhole` says that nothing follows.
  static func lineBreak(of head: UnsafeBufferPointer<UInt8>, isWhole: Bool) -> UInt8 {
    var isQuoted = false
    var sawReturn = false
    for at in head.indices {
      switch head[at] {
      case 0x22: isQuoted.toggle()
      case 0x0A where !isQuoted: return 0x0A
      // What follows the last one is not known.
      case 0x0D where !isQuoted && (at + 1 < head.count || isWhole): sawReturn = true
      default: break
      }
    }
    return sawReturn ? 0x0D : 0x0A
  }

  /// The delimiter that a first line `sep=;` names, and the length of that line with its break: it is meant for
  /// spreadsheets and no row.
  static func separator(
    of head: UnsafeBufferPointer<UInt8>, lineBreak: UInt8
  ) -> (delimiter: UInt8, length: Int)? {
    let end = head.firstIndex(of: lineBreak) ?? head.count
    var line = head[..<end]
    if line.last == 0x0D { line.removeLast() }
    if line.first == 0x22, line.last == 0x22, line.count > 1 { line = line.dropFirst().dropLast() }
    guard line.count == 5, line.prefix(3).elementsEqual("sep".utf8) || line.prefix(3).elementsEqual("SEP".utf8),
      line[line.startIndex + 3] == UInt8(ascii: "="), let delimiter = line.last
    else { return nil }
    return (delimiter, min(end + 1, head.count))
  }

  /// Finds the header: the row of the first few that has the most known names with one of the delimiters; where none
  /// has any, the first row of more than one filled cell, or the first that is not blank.
  mutating func findHeader(
    in head: UnsafeBufferPointer<UInt8>, from start: Int, delimiters: [UInt8], keys: KeyTable,
    text: (UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>
  ) {
    var best: Candidate?
    var shaped: Candidate?
    for delimiter in delimiters {
      var seen = 0
      var firstFilled: Candidate?
      var at = start
      var scanner = CSVScanner(delimiter: delimiter, lineBreak: lineBreak)
      while at < head.count, seen < CSVLayout.mostTitles {
        var row = Candidate(delimiter: delimiter, offset: at, known: 0, cells: 0, filled: 0)
        // A row that cannot be taken apart may be the header itself: nothing below it is one.
        guard case .row(_, let used) = scanner.scan(UnsafeBufferPointer(rebasing: head[at...]), isLast: true)
        else { break }
        row.cells = scanner.count
        for cell in scanner.cells {
          var name = CSVHeader.name(text(cell.bytes))
          if !name.isEmpty { row.filled += 1 }
          if name.withUTF8({ keys.role(of: $0) }) != nil { row.known += 1 }
        }
        if row.filled > 0 {
          seen += 1
          // One known name alone may be a cell of any row.
          let isFirst = firstFilled == nil
          if row.known > (isFirst ? 0 : 1), best.map({ row.isBetter(than: $0) }) ?? true { best = row }
          if firstFilled == nil || firstFilled?.filled == 1 && row.filled > 1 { firstFilled = row }
        }
        at += used
      }
      if let row = firstFilled, shaped.map({ row.filled > $0.filled }) ?? true { shaped = row }
    }
    guard let found = best ?? shaped else { return }
    delimiter = found.delimiter
    headerOffset = found.offset
  }
}

extension CSVLayout.Candidate {
  fileprivate func isBetter(than other: CSVLayout.Candidate) -> Bool {
    if known != other.known { return known > other.known }
    if offset != other.offset { return offset < other.offset }
    return cells > other.cells
  }
}
