/// The header row of a CSV file: what each column gives.
struct CSVHeader {
  /// What a column gives, and its name as a JSON key.
  struct Column {
    var role: KeyTable.Role
    var name: String
    /// Empty where the column is not kept.
    var jsonKey: [UInt8]
  }

  /// The row as it stands in the file, to read refused rows again.
  var raw: [UInt8]
  /// The columns in order.
  var columns: [Column] = []
  /// Why no row of the file can be read; nil if they can.
  var fault: FieldFault?

  /// A header of cells already freed of quotes and blanks.
  init(raw: [UInt8], names: [String], keys: KeyTable) {
    self.raw = raw
    var seen: UInt32 = 0
    var seenMilestones: UInt32 = 0
    var seenKept: Set<Int> = []
    for name in names {
      var text = name
      let role = text.withUTF8 { keys.role(of: $0) } ?? KeyTable.Role()
      let isNew =
        seen & role.fields == 0 && seenMilestones & role.milestones == 0
        && (role.keepIndex < 0 || seenKept.insert(role.keepIndex).inserted)
      if !isNew, fault == nil {
        fault = FieldFault(
          .badCSV, nil, "The header names the column \(Excerpt.quoted(name)) twice: rename or remove one.")
      }
      seen |= role.fields
      seenMilestones |= role.milestones
      columns.append(Column(role: role, name: name, jsonKey: role.keepIndex < 0 ? [] : JSONText.quoted(name)))
    }
    if seen == 0, seenMilestones == 0, fault == nil {
      fault = FieldFault(
        .badCSV, nil,
        "No column of the header is a field of an event: name them case_id, type, occurred_at and so on, or give the feed a mapping."
      )
    }
  }

  /// A header that cannot be read.
  init(raw: [UInt8], fault: FieldFault) {
    self.raw = raw
    self.fault = fault
  }

  /// The name that a cell of the header is: without blanks around it, nor line breaks and marks that nobody sees in it.
  static func name(_ cell: UnsafeBufferPointer<UInt8>) -> String {
    let text = CellText.trimmed(cell)
    guard text.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 >= 0xE2 }) else {
      return String(decoding: text, as: UTF8.self)
    }
    return String(
      String.UnicodeScalarView(
        String(decoding: text, as: UTF8.self).unicodeScalars.filter {
          !($0 == "\n" || $0 == "\r" || CellText.isInvisible($0))
        }))
  }

  /// The delimiter that gives the most known columns on a header line, then the most columns; a comma on a draw.
  static func delimiter(of line: UnsafeBufferPointer<UInt8>, keys: KeyTable) -> UInt8 {
    var best = (delimiter: UInt8(ascii: ","), known: -1, count: 0)
    for delimiter in [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09] {
      var scanner = CSVScanner(delimiter: delimiter)
      _ = scanner.scan(line, isLast: true)
      let known = scanner.cells.reduce(0) { known, cell in
        known + (keys.role(of: CellText.trimmed(cell.bytes)) == nil ? 0 : 1)
      }
      let count = scanner.cells.count
      if known > best.known || known == best.known && count > best.count {
        best = (delimiter, known, count)
      }
    }
    return best.delimiter
  }
}
