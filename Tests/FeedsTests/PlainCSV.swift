import ServiceTime

@testable import Feeds

/// CSV read slowly and plainly, the other opinion: RFC 4180 with the rules for stray quotes, over whole texts in memory.
/// Columns carry the contract's own names; fields are `case_id`, `type`, `occurred_at` and `entity_name`.
struct PlainCSV {
  var delimiter: Character
  /// What became of the rows below the header: case id and name, or the first line of what is refused.
  private(set) var outcomes: [String] = []

  static let zone = TimeZoneTable.shanghai

  /// Reads a text whose lines end in LF or CRLF, its header the first line.
  init(_ text: [Unicode.Scalar], delimiter: Character) {
    self.delimiter = delimiter
    var rest = text[...]
    var header: [String] = []
    while !rest.isEmpty {
      let (cells, used) = row(rest)
      let line = Array(rest.prefix { $0 != "\n" })
      guard let cells, !isBroken(cells, header) else {
        outcomes.append("refused " + shown(line))
        rest = rest.dropFirst(min(line.count + 1, rest.count))
        continue
      }
      defer { rest = rest.dropFirst(used) }
      if cells.allSatisfy({ trimmed($0).isEmpty }) { continue }
      var row = Array(rest.prefix(used))
      if row.last == "\n" { row.removeLast() }
      if header.isEmpty { header = cells.map { trimmed($0) } } else { outcomes.append(outcome(cells, header, row)) }
    }
  }

  private func shown(_ line: [Unicode.Scalar]) -> String {
    var line = line
    if line.last == "\r" { line.removeLast() }
    return text(line)
  }

  private func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  /// The cells of the row at the beginning, and how long it is; nil if it breaks the rules.
  private func row(_ rest: ArraySlice<Unicode.Scalar>) -> ([String]?, Int) {
    let scalars = Array(rest)
    let mark = delimiter.unicodeScalars.first
    var cells: [String] = []
    var at = 0
    func isEnd(_ index: Int) -> Int? {
      if index >= scalars.count { return 0 }
      if scalars[index] == "\n" { return 1 }
      if scalars[index] == "\r", index + 1 >= scalars.count { return 1 }
      return scalars[index] == "\r" && scalars[index + 1] == "\n" ? 2 : nil
    }
    while true {
      var cell: [Unicode.Scalar] = []
      if at < scalars.count, scalars[at] == "\"" {
        at += 1
        while true {
          guard at < scalars.count else { return (nil, 0) }
          if scalars[at] == "\"" {
            guard at + 1 < scalars.count, scalars[at + 1] == "\"" else { break }
            at += 1
          }
          cell.append(scalars[at])
          at += 1
        }
        at += 1
      } else if let formula = formula(scalars, at) {
        cell = Array(scalars[(at + 2)..<formula])
        at = formula + 1
      } else {
        while at < scalars.count, scalars[at] != mark, scalars[at] != "\n" {
          if scalars[at] == "\"" { return (nil, 0) }
          cell.append(scalars[at])
          at += 1
        }
        if cell.last == "\r", at >= scalars.count || scalars[at] == "\n" { cell.removeLast() }
      }
      cells.append(text(cell))
      if let end = isEnd(at) { return (cells, at + end) }
      guard scalars[at] == mark else { return (nil, 0) }
      at += 1
    }
  }

  /// Where the closing quote of `="text"` stands.
  private func formula(_ scalars: [Unicode.Scalar], _ at: Int) -> Int? {
    guard at + 1 < scalars.count, scalars[at] == "=", scalars[at + 1] == "\"" else { return nil }
    for index in (at + 2)..<max(at + 2, scalars.count) {
      if scalars[index] == "\"" { return index }
      if [delimiter.unicodeScalars.first, "\n", "\r"].contains(scalars[index]) { return nil }
    }
    return nil
  }

  /// A line break inside a field that has none says that a quote is astray.
  private func isBroken(_ cells: [String], _ header: [String]) -> Bool {
    zip(cells, header).contains { cell, name in
      ["case_id", "type", "occurred_at"].contains(name) && trimmed(cell).unicodeScalars.contains("\n")
    }
  }

  private static let blanks: Set<Unicode.Scalar> = [
    " ", "\t", "\r", "\n", "\u{A0}", "\u{3000}", "\u{FEFF}", "\u{200B}",
  ]

  private func trimmed(_ text: String) -> String {
    var scalars = Array(text.unicodeScalars)[...]
    while let first = scalars.first, PlainCSV.blanks.contains(first) { scalars = scalars.dropFirst() }
    while let last = scalars.last, PlainCSV.blanks.contains(last) { scalars = scalars.dropLast() }
    return self.text(scalars)
  }

  private func outcome(_ cells: [String], _ header: [String], _ line: [Unicode.Scalar]) -> String {
    let refused = "refused " + shown(line)
    guard cells.count == header.count, !cells.contains(where: { $0.unicodeScalars.contains("\0") }) else {
      return refused
    }
    var values: [String: String] = [:]
    for (name, cell) in zip(header, cells) { values[name] = value(cell, name) }
    guard let id = values["case_id"], !id.isEmpty, id.unicodeScalars.count <= 128, let type = values["type"],
      !type.isEmpty, type.unicodeScalars.count <= 64, let time = values["occurred_at"],
      !isRounded(id),
      case .instant = Array(time.utf8).withUnsafeBufferPointer({
        OccurrenceTime.read($0, zone: PlainCSV.zone)
      })
    else { return refused }
    let name = values["entity_name"] ?? ""
    return "\(id)|\(type)|\(name)"
  }

  private func value(_ cell: String, _ name: String) -> String {
    var text = trimmed(cell)
    if text.hasPrefix("=\""), text.hasSuffix("\""), text.unicodeScalars.count >= 3 {
      let inner = String(text.dropFirst(2).dropLast())
      if !inner.contains("\"") { text = trimmed(inner) }
    }
    guard name != "entity_name" else { return text }
    if text.unicodeScalars.first == "'" { text = trimmed(self.text(text.unicodeScalars.dropFirst())) }
    guard name == "case_id" || name == "occurred_at" else { return text }
    let folded = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      if (0xFF10...0xFF19).contains(scalar.value) { return Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar }
      guard name == "occurred_at" else { return scalar }
      if (0xFF01...0xFF5E).contains(scalar.value) { return Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar }
      return scalar == "\u{3000}" || scalar == "\u{A0}" ? " " : scalar
    }
    return name == "occurred_at" ? trimmed(self.text(folded)) : self.text(folded)
  }

  private func isRounded(_ id: String) -> Bool {
    id.wholeMatch(of: #/[+-]?[0-9](\.[0-9]+[eE]\+?|[eE]\+)[0-9]{2,3}/#) != nil
  }
}
