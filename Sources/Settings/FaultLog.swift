/// Collects faults while files are read, so that one pass lists them all.
final class FaultLog {
  /// Past this many, further faults are only counted: a file that is no settings file at all should not flood.
  static let limit = 500

  private(set) var faults: [SettingsFault] = []
  /// What is allowed but probably not meant.
  private(set) var remarks: [SettingsFault] = []
  /// The files in the order in which they were first blamed.
  private var files: [String] = []
  private var suppressed = 0

  func report(file: String, place: Place, path: String, message: String) {
    guard faults.count < FaultLog.limit else {
      suppressed += 1
      return
    }
    if !files.contains(file) { files.append(file) }
    faults.append(
      SettingsFault(file: file, line: place.line, column: place.column, path: path, message: message))
  }

  func remark(file: String, place: Place, path: String, message: String) {
    guard remarks.count < FaultLog.limit else { return }
    remarks.append(
      SettingsFault(file: file, line: place.line, column: place.column, path: path, message: message))
  }

  /// How many faults there were.
  var count: Int { faults.count + suppressed }

  /// The faults by file and line; those of one place in the order in which they were found.
  var sorted: [SettingsFault] {
    let rank = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($0.element, $0.offset) })
    var sorted = faults.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      return (rank[x.file] ?? 0, x.line, x.column, a.offset) < (rank[y.file] ?? 0, y.line, y.column, b.offset)
    }.map(\.element)
    if suppressed > 0, let file = files.first {
      sorted.append(
        SettingsFault(file: file, message: "\(suppressed) more faults are not listed; mend these first"))
    }
    return sorted
  }

  /// Throws what was collected, if anything.
  func check() throws(SettingsError) {
    if !faults.isEmpty { throw SettingsError(faults: sorted) }
  }
}

/// A line and column from 1; 0 where unknown.
struct Place: Hashable {
  var line: Int
  var column: Int
  static let unknown = Place(line: 0, column: 0)
}

/// Why a text is not the value that it should be, and the remedy.
struct Complaint: Error, Equatable {
  var message: String
  init(_ message: String) { self.message = message }
}
