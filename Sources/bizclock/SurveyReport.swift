import Daemon
import Feeds
import ServiceTime

/// What `feed check` prints.
struct SurveyReport {
  /// Most columns, values and refused rows that are listed for people; JSON has all that were kept.
  static let mostLines = 40

  let survey: FeedSurvey
  let feed: FeedDescription
  let file: String
  let configuration: String?
  let zone: TimeZoneTable

  // MARK: For people

  var text: String {
    var parts = [head]
    if !survey.rows.isEmpty { parts.append("As they would be understood\n\n" + rows) }
    if survey.refused > 0 { parts.append("Would be quarantined\n\n" + rejects) }
    if !survey.columns.isEmpty { parts.append("Columns\n\n" + columns) }
    if !survey.lacks.isEmpty {
      parts.append(
        "Columns that the feed names and the file lacks\n\n"
          + list(survey.lacks.map { "  \($0.column)  (for \($0.field))" }))
    }
    if !survey.unmappedValues.isEmpty { parts.append("Values that the mapping does not name\n\n" + unmappedValues) }
    if !survey.unknownTypes.isEmpty {
      parts.append(
        "Types that move no clock\n\n" + list(survey.unknownTypes.map { "  \($0.text)  \($0.count) events" }))
    }
    parts += survey.remarks.map { Terminal.safe("remark: \($0)") }
    if let suggestion = survey.suggestion {
      parts.append(
        Terminal.safeLines(
          "Suggested, to be looked over and pasted under the feed \(feed.name) in \(configuration ?? "bizclock.yaml")"
            + "\n\n\(suggestion.yaml)"))
    }
    return parts.joined(separator: "\n\n")
  }

  private var head: String {
    var lines = [
      "feed       \(feed.name), source \(feed.source)", "file       \(file)",
      "encoding   \(survey.encoding)\(survey.hasMark ? ", by its byte order mark" : "")",
    ]
    if let delimiter = survey.delimiter { lines.append("delimiter  \(delimiter)") }
    if survey.titleLines > 0 { lines.append("header     below \(survey.titleLines) lines that are passed over") }
    lines.append(
      "read       \(survey.events) events; \(survey.refused) \(feed.format == .csv ? "rows" : "lines") refused")
    return lines.map(Terminal.safe).joined(separator: "\n")
  }

  private var rows: String {
    let fields = SurveyReport.shown.filter { field in survey.rows.contains { value(field, $0.event) != nil } }
    var table = TextTable(["line"] + fields.map(\.rawValue), right: [0])
    for row in survey.rows {
      table.add([String(row.line)] + fields.map { value($0, row.event) ?? "" })
    }
    return table.text
  }

  private var rejects: String {
    var counts = TextTable(["code", "rows"], right: [1])
    for (code, count) in survey.rejectCounts { counts.add([code.rawValue, String(count)]) }
    var table = TextTable(["line", "byte", "code", "message"], right: [0, 1])
    for reject in survey.rejects {
      table.add([
        String(reject.position.line), reject.position.column.map(String.init) ?? "", reject.code.rawValue,
        reject.message,
      ])
    }
    let more = survey.refused - survey.rejects.count
    return counts.text + "\n\n" + table.text + (more > 0 ? "\n… and \(more) more" : "")
  }

  private var columns: String {
    var table = TextTable(["column", "is", "filled", "values"], right: [2])
    for column in survey.columns.prefix(SurveyReport.mostLines) {
      let meaning = column.fields + (column.isKept ? ["kept"] : [])
      let values =
        column.values.count > 12
        ? "" : column.values.prefix(4).map { "\($0.text) \($0.count)" }.joined(separator: ", ")
      table.add([
        column.name.isEmpty ? "(no name)" : Terminal.cut(column.name, to: 40),
        meaning.isEmpty ? "dropped" : meaning.joined(separator: ", "), String(column.filled),
        Terminal.cut(values, to: 50) + (column.values.count > 4 && column.values.count <= 12 ? ", …" : ""),
      ])
    }
    let more = survey.columns.count - SurveyReport.mostLines
    return table.text + (more > 0 ? "\n… and \(more) more" : "")
  }

  private var unmappedValues: String {
    var table = TextTable(["field", "column", "value", "rows", "becomes"], right: [3])
    for value in survey.unmappedValues.prefix(SurveyReport.mostLines) {
      table.add([value.field, value.column, Terminal.cut(value.text, to: 40), String(value.count), value.becomes])
    }
    let more = survey.unmappedValues.count - SurveyReport.mostLines
    return table.text + (more > 0 ? "\n… and \(more) more" : "")
  }

  private func list(_ lines: [String]) -> String {
    let more = lines.count - SurveyReport.mostLines
    return (lines.prefix(SurveyReport.mostLines) + (more > 0 ? ["  … and \(more) more"] : [])).map(Terminal.safe)
      .joined(separator: "\n")
  }

  // MARK: Events

  private static let shown: [EventField] = [
    .caseID, .type, .step, .occurredAt, .process, .region, .grid, .channel, .serviceWindow, .entityType,
    .entityName,
    .uscc, .tags, .sequence, .voids, .extendDays, .eventID,
  ]

  private func value(_ field: EventField, _ event: Event) -> String? {
    switch field {
    case .eventID: event.eventID.text
    case .caseID: event.caseID.text
    case .type: event.type.name
    case .occurredAt: event.occurredAt.rfc3339(in: zone)
    case .sequence: event.sequence.map(String.init)
    case .process: event.process
    case .step: event.step
    case .source: event.source.text
    case .region: event.region
    case .grid: event.grid
    case .serviceWindow: event.serviceWindow
    case .channel: event.channel
    case .entityName: event.entityName
    case .entityType: event.entityType
    case .uscc: event.uscc
    case .tags: event.tags?.joined(separator: ";")
    case .voids: event.voids?.text
    case .extendDays: event.extendDays.map { String($0) }
    }
  }

  // MARK: For programs

  var json: JSONText {
    .object([
      ("feed", .text(feed.name)), ("file", .text(file)), ("encoding", .text(survey.encoding)),
      ("byte_order_mark", .bool(survey.hasMark)), ("delimiter", JSONText(survey.delimiter)),
      ("lines_above_header", JSONText(survey.titleLines)), ("events", JSONText(survey.events)),
      ("refused", JSONText(survey.refused)), ("blank", JSONText(survey.blank)),
      ("rows", .array(survey.rows.map(row))),
      (
        "codes", .object(survey.rejectCounts.map { ($0.code.rawValue, JSONText($0.count)) })
      ),
      ("rejects", .array(survey.rejects.map(reject))),
      (
        "columns",
        .array(
          survey.columns.map { column in
            .object([
              ("name", .text(column.name)), ("fields", .array(column.fields.map { .text($0) })),
              ("kept", .bool(column.isKept)), ("filled", JSONText(column.filled)),
              ("values", .array(column.values.map(value))),
            ])
          })
      ),
      (
        "lacking",
        .array(survey.lacks.map { .object([("field", .text($0.field)), ("column", .text($0.column))]) })
      ),
      (
        "unmapped_values",
        .array(
          survey.unmappedValues.map {
            .object([
              ("field", .text($0.field)), ("column", .text($0.column)), ("value", .text($0.text)),
              ("rows", JSONText($0.count)), ("becomes", .text($0.becomes)),
            ])
          })
      ),
      ("unknown_types", .array(survey.unknownTypes.map(value))),
      ("remarks", .array(survey.remarks.map { .text($0) })),
      ("suggestion", JSONText(survey.suggestion?.yaml)),
    ])
  }

  private func value(_ value: FeedSurvey.Value) -> JSONText {
    .object([("value", .text(value.text)), ("rows", JSONText(value.count))])
  }

  private func row(_ row: FeedSurvey.Row) -> JSONText {
    let fields = EventField.allCases.compactMap { field in
      value(field, row.event).map { (field.rawValue, JSONText.text($0)) }
    }
    return .object([("line", JSONText(row.line))] + fields)
  }

  private func reject(_ reject: Reject) -> JSONText {
    .object([
      ("line", JSONText(reject.position.line)), ("byte_offset", JSONText(reject.position.byteOffset)),
      ("column", JSONText(reject.position.column)), ("field", JSONText(reject.position.field)),
      ("code", .text(reject.code.rawValue)), ("message", .text(reject.message)),
    ])
  }
}
