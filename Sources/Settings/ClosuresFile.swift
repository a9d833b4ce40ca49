import ServiceTime

/// The closures of one calendar that were declared while it was in force: CSV with the columns `from,to,name`, `to` empty
/// while nobody knows it.
///
/// It is kept as the file `closures/ID.csv` of the calendar's document, beside the `closures` that the document's author
/// wrote: a new draft takes the place of the document, and declared closures go over to it.
public struct ClosuresFile: Sendable, Equatable {
  /// The closures, by their beginning.
  public var closures: [Closure]

  /// The folder among a document's files that holds nothing else.
  public static let folder = "closures/"
  static let columns = ["from", "to", "name"]

  /// A file of closures.
  public init(closures: [Closure]) { self.closures = closures.sorted { $0.from < $1.from } }

  /// The name of a calendar's file.
  public static func name(calendar id: String) -> String { "\(folder)\(id).csv" }

  /// The calendar that a file is of; nil for other files.
  public static func calendar(file name: String) -> String? {
    guard name.hasPrefix(folder), name.hasSuffix(".csv") else { return nil }
    return String(name.dropFirst(folder.count).dropLast(4))
  }

  /// Reads a calendar's file among those of a document; empty if there is none. All faults are in the error.
  public static func read(
    calendar id: String, in files: [String: String]
  ) throws(SettingsError) -> ClosuresFile {
    let log = FaultLog()
    let file = read(calendar: id, in: files, log)
    try log.check()
    return file
  }

  static func read(calendar id: String, in files: [String: String], _ log: FaultLog) -> ClosuresFile {
    let name = name(calendar: id)
    guard let text = files[name] else { return ClosuresFile(closures: []) }
    var closures: [Closure] = []
    var isHeader = true
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      defer { isHeader = false }
      let place = Place(line: index + 1, column: 1)
      let cells = CommaTable.cells(line)?.map(\.text) ?? []
      if isHeader {
        if cells == columns { continue }
        log.report(file: name, place: place, path: "", message: "begins otherwise than with from,to,name")
        break
      }
      guard cells.count == 3, let from = Instant(rfc3339: cells[0]) else {
        log.report(file: name, place: place, path: "", message: "is no closure; write from,to,name")
        continue
      }
      let to = Instant(rfc3339: cells[1])
      guard cells[1].isEmpty || (to.map { $0 > from } ?? false) else {
        log.report(file: name, place: place, path: "to", message: "\"\(cells[1])\" is no time after the beginning")
        continue
      }
      closures.append(Closure(from: from, to: to, name: cells[2]))
    }
    return ClosuresFile(closures: closures)
  }

  /// The file's text, its times in a zone.
  public func text(in zone: TimeZoneTable) -> String {
    var text = ClosuresFile.columns.joined(separator: ",") + "\n"
    for closure in closures {
      let name = closure.name.contains(",") ? "\"\(closure.name)\"" : closure.name
      text += "\(closure.from.rfc3339(in: zone)),\(closure.to?.rfc3339(in: zone) ?? ""),\(name)\n"
    }
    return text
  }

  /// Why a text is no name for a closure; nil if it is one.
  public static func problem(name: String) -> String? {
    if name.allSatisfy(\.isWhitespace) { return "give the closure a name that people know it by, e.g. 台风停工" }
    if name.unicodeScalars.count > 200 { return "a closure's name has at most 200 characters" }
    let isPlain = name.unicodeScalars.allSatisfy {
      $0 != "\"" && $0.properties.generalCategory != .control && $0.properties.generalCategory != .lineSeparator
        && $0.properties.generalCategory != .paragraphSeparator
    }
    return isPlain ? nil : "a closure's name has no quotes and no control characters"
  }
}
