import ServiceTime

/// Reads rows of an exchange database as its feed would and tells what it found.
public struct ExchangeSurveyor {
  /// Columns whose values the feed's settings name, with where they are named.
  private static let codes: [(table: ExchangeTable, column: String, field: String)] = [
    (.accept, "task_code", "tasks"), (.process, "process_name", "steps"), (.result, "result_type", "results"),
  ]

  private let exchange: ExchangeDescription
  private let mostRows: Int
  private var decoder: ExchangeDecoder
  private var survey = FeedSurvey()
  private var counts: [RejectCode: Int] = [:]
  private var types: [String: Int] = [:]
  private var values: [String: [String: Int]] = [:]
  private var rows = 0

  /// A surveyor that shows at most so many events.
  public init(feed: FeedDescription, calendar: WorkCalendar?, rows: Int = 10) {
    exchange = feed.exchange ?? ExchangeDescription()
    mostRows = rows
    decoder = ExchangeDecoder(feed: feed, exchange: exchange, calendar: calendar)
    survey.encoding = "UTF-8"
  }

  /// Reads a row; each counts as a line.
  public mutating func add(_ row: ExchangeRow, now: Instant) {
    rows += 1
    let reading = decoder.read(row, now: now)
    for event in reading.events {
      survey.events += 1
      if survey.rows.count < mostRows { survey.rows.append(FeedSurvey.Row(line: rows, event: event)) }
      if !event.type.isKnown { types[event.type.name, default: 0] += 1 }
    }
    if var reject = reading.reject {
      survey.refused += 1
      counts[reject.code, default: 0] += 1
      reject.position.line = rows
      reject.message = "\(row.table.rawValue) \(row.identity): \(reject.message)"
      if survey.rejects.count < FeedSurveyor.mostRejects { survey.rejects.append(reject) }
    }
    for code in ExchangeSurveyor.codes where code.table == row.table {
      guard let text = row.text(code.column), text.utf8.count <= 256 else { continue }
      guard (values[code.column]?.count ?? 0) < ColumnTally.mostValues || values[code.column]?[text] != nil else {
        continue
      }
      values[code.column, default: [:]][text, default: 0] += 1
    }
  }

  /// What was found.
  public func found() -> FeedSurvey {
    var survey = survey
    survey.rejectCounts = RejectCode.allCases.compactMap { code in counts[code].map { (code, $0) } }
    survey.unknownTypes = ExchangeSurveyor.ordered(types)
    for code in ExchangeSurveyor.codes {
      for value in ExchangeSurveyor.ordered(values[code.column] ?? [:]) {
        guard let becomes = unnamed(code.column, value.text) else { continue }
        survey.unmappedValues.append(
          FeedSurvey.UnmappedValue(
            field: code.field, column: code.column, text: value.text, count: value.count, becomes: becomes))
      }
    }
    if rows == 0 { survey.remarks.append("The tables hold no rows.") }
    return survey
  }

  /// What becomes of a value that the settings do not name; nil if they do.
  private func unnamed(_ column: String, _ text: String) -> String? {
    switch column {
    case "task_code": exchange.tasks[text] == nil ? "(a case without a process)" : nil
    case "process_name": exchange.steps[text] == nil ? text : nil
    case "result_type": exchange.results[text] == nil ? "(refused)" : nil
    default: nil
    }
  }

  private static func ordered(_ values: [String: Int]) -> [FeedSurvey.Value] {
    values.map { FeedSurvey.Value(text: $0.key, count: $0.value) }
      .sorted { $0.count == $1.count ? $0.text < $1.text : $0.count > $1.count }
  }
}
