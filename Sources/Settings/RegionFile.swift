import ServiceTime

/// Reads a file of regions with their names: CSV with the columns `code,name[,name_en]`.
struct RegionFile {
  /// A region and where it was written.
  struct Row {
    var region: Region
    var file: String
    var line: Int
    var column: Int
  }

  static let columns = ["code", "name", "name_en"]
  private static let longestName = 200

  let file: String
  let log: FaultLog

  /// The regions of a text; lines that begin with `#` are comments, all faults are reported.
  func rows(_ text: String) -> [Row] {
    let table = CommaTable(
      file: file, log: log, holds: "regions", columns: RegionFile.columns, required: ["code", "name"],
      header: "code,name,name_en")
    return table.rows(text).compactMap { row($0) }
  }

  private func row(_ cells: CommaTable.Row) -> Row? {
    guard let code = cells["code"], let name = cells["name"] else { return nil }
    let valid =
      Region.codeLengths.contains(code.text.utf8.count) && code.text.utf8.allSatisfy { $0 &- 48 < 10 }
    if !valid {
      let shown = code.text.unicodeScalars.count > 64 ? "\(code.text.prefix(64))…" : code.text
      cells.fault(
        "code", "\"\(shown)\" is not a region's code; write 2, 4, 6, 9 or 12 digits", in: file, log)
    }
    if name.text.isEmpty { cells.fault("name", "is empty; write the region's name", in: file, log) }
    var sound = valid && !name.text.isEmpty
    for column in ["name", "name_en"] {
      guard let text = cells[column]?.text else { continue }
      if text.unicodeScalars.count > RegionFile.longestName {
        cells.fault(column, "is longer than \(RegionFile.longestName) characters; shorten it", in: file, log)
        sound = false
      } else if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
        cells.fault(column, "holds a control character; take it out", in: file, log)
        sound = false
      }
    }
    guard sound else { return nil }
    let english = cells["name_en"]?.text ?? ""
    return Row(
      region: Region(code: code.text, name: name.text, nameEN: english.isEmpty ? nil : english), file: file,
      line: cells.line, column: code.column)
  }
}
