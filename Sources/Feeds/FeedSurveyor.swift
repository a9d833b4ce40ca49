import ServiceTime

/// Reads a file as a feed would and tells what it found, in bounded memory whatever the file's length.
public struct FeedSurveyor {
  /// Most refused rows that are shown.
  public static let mostRejects = 20

  private let feed: FeedDescription
  private let mostRows: Int
  private var survey = FeedSurvey()
  private var counts: [RejectCode: Int] = [:]
  private var types: [String: Int] = [:]
  private var namesProcess = false

  /// A surveyor that shows at most so many events.
  public init(feed: FeedDescription, rows: Int = 10) {
    self.feed = feed
    mostRows = rows
  }

  /// Reads an open descriptor to its end.
  public mutating func read(descriptor: Int32, now: Instant) throws(FeedReadError) -> FeedSurvey {
    try read(BatchReader(feed: feed, descriptor: descriptor), now: now)
  }

  /// Reads bytes in memory.
  public mutating func read(bytes: [UInt8], now: Instant) throws(FeedReadError) -> FeedSurvey {
    try read(BatchReader(feed: feed, bytes: bytes), now: now)
  }

  private mutating func read(_ reader: BatchReader, now: Instant) throws(FeedReadError) -> FeedSurvey {
    let tally = ColumnTally()
    reader.watchRows { header, cells in tally.add(cells, below: header) }
    while let batch = try reader.next(now: now) {
      add(batch)
      if feed.format == .ndjson {
        for index in batch.events.indices { tally.add(object: batch.original(ofEvent: index).bytes) }
        for reject in batch.rejects { tally.add(object: reject.raw) }
      }
    }
    describe(reader)
    // A file without rows has columns too.
    if let header = reader.csv.header { tally.add([], below: header) }
    survey.rejectCounts = RejectCode.allCases.compactMap { code in counts[code].map { (code, $0) } }
    survey.unknownTypes = FeedSurveyor.ordered(types)
    survey.columns = tally.columns.map(column)
    findLacks()
    findUnmappedValues()
    remark(tally)
    survey.suggestion = FeedSuggestion(survey, tally.columns, feed: feed)
    return survey
  }

  private mutating func add(_ batch: FeedBatch) {
    survey.events += batch.events.count
    survey.refused += batch.rejects.count
    survey.blank += batch.blankLines
    for (index, event) in batch.events.enumerated() {
      if survey.rows.count < mostRows {
        survey.rows.append(FeedSurvey.Row(line: batch.original(ofEvent: index).position.line, event: event))
      }
      if !event.type.isKnown, types.count < ColumnTally.mostValues || types[event.type.name] != nil {
        types[event.type.name, default: 0] += 1
      }
      if event.process != nil { namesProcess = true }
    }
    for reject in batch.rejects {
      counts[reject.code, default: 0] += 1
      if survey.rejects.count < FeedSurveyor.mostRejects { survey.rejects.append(reject) }
    }
  }

  private mutating func describe(_ reader: BatchReader) {
    survey.hasMark = reader.mark != nil
    survey.titleLines = reader.csv.titleLines
    if let foreign = reader.foreign {
      survey.encoding = foreign.file.name
      return
    }
    guard feed.format == .csv else {
      survey.encoding = "UTF-8"
      return
    }
    switch reader.csv.original {
    case .utf16(let order): survey.encoding = order.name
    case .same:
      survey.encoding =
        switch reader.csv.encoding.known {
        case .gb18030: "GB18030"
        case .utf8: "UTF-8"
        case nil: "ASCII"
        }
    }
    survey.delimiter = reader.csv.layout.map { FeedSurveyor.name(of: $0.delimiter) }
  }

  private static func name(of delimiter: UInt8) -> String {
    switch delimiter {
    case 0x09: "tab"
    case UInt8(ascii: ";"): ";"
    default: ","
    }
  }

  private static func ordered(_ values: [String: Int]) -> [FeedSurvey.Value] {
    values.map { FeedSurvey.Value(text: $0.key, count: $0.value) }
      .sorted { $0.count == $1.count ? $0.text < $1.text : $0.count > $1.count }
  }

  private func column(_ column: ColumnTally.Column) -> FeedSurvey.Column {
    var name = column.name
    let role = name.withUTF8 { KeyTable(feed: feed).role(of: $0) } ?? KeyTable.Role()
    var fields = EventField.allCases.filter { role.fields & $0.bit != 0 }.map(\.rawValue)
    for (index, milestone) in feed.milestones.enumerated() where role.milestones & 1 << UInt32(index) != 0 {
      fields.append(milestone.name)
    }
    return FeedSurvey.Column(
      name: column.name, fields: fields, isKept: role.keepIndex >= 0, filled: column.filled,
      values: FeedSurveyor.ordered(column.values ?? [:]))
  }

  private mutating func findLacks() {
    guard survey.rejects.isEmpty || !survey.columns.isEmpty else { return }
    let there = Set(survey.columns.map(\.name))
    for field in EventField.allCases {
      guard let mapping = feed.mapping[field], !there.contains(mapping.column) else { continue }
      survey.lacks.append(FeedSurvey.Lack(field: field.rawValue, column: mapping.column))
    }
    for milestone in feed.milestones where !there.contains(milestone.column) {
      survey.lacks.append(FeedSurvey.Lack(field: milestone.name, column: milestone.column))
    }
    for name in feed.keep where !there.contains(name) {
      survey.lacks.append(FeedSurvey.Lack(field: "keep", column: name))
    }
    let required: [EventField] = feed.milestones.isEmpty ? [.caseID, .type, .occurredAt] : [.caseID]
    for field in required
    where feed.mapping[field] == nil && feed.defaults[field] == nil && !there.contains(field.rawValue) {
      survey.lacks.append(FeedSurvey.Lack(field: field.rawValue, column: field.rawValue))
    }
  }

  private mutating func findUnmappedValues() {
    for field in EventField.allCases {
      guard let mapping = feed.mapping[field], mapping.translates,
        let column = survey.columns.first(where: { $0.name == mapping.column })
      else { continue }
      for value in column.values where mapping.values[value.text] == nil {
        survey.unmappedValues.append(
          FeedSurvey.UnmappedValue(
            field: field.rawValue, column: column.name, text: value.text, count: value.count,
            becomes: mapping.otherwise ?? value.text))
      }
    }
  }

  private mutating func remark(_ tally: ColumnTally) {
    for column in tally.columns where column.long >= 3 && column.long == column.rounded {
      survey.remarks.append(
        "All \(column.long) numbers of more than 15 digits in the column \(Excerpt.quoted(column.name)) end in zeros: a "
          + "spreadsheet has rounded them; export the file again with the column formatted as text.")
    }
    if survey.events > 0, !namesProcess {
      survey.remarks.append(
        "No event names its process, without which a case has no clocks: map process, or give it under defaults.")
    }
    if survey.events == 0, survey.refused == 0 { survey.remarks.append("The file holds no rows.") }
  }
}

extension FeedDescription.Milestone {
  /// `type`, or `type:step`.
  var name: String { step.map { "\(type):\($0)" } ?? type }
}

extension ForeignFile {
  /// What it is, in a word or two.
  var name: String {
    switch self {
    case .workbook: "an Excel workbook (.xlsx)"
    case .oldWorkbook: "a Microsoft Office document (.xls)"
    case .openDocument: "an OpenDocument spreadsheet (.ods)"
    case .archive(let name): "a packed file (\(name))"
    case .document: "a PDF document"
    case .webPage: "a web page"
    case .spreadsheetXML: "XML"
    case .utf32: "UTF-32"
    }
  }
}
