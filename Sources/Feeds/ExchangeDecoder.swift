import ServiceTime

/// What a row of an exchange table says.
public struct ExchangeReading: Sendable, Equatable {
  /// Its events, none where it tells nothing.
  public var events: [Event] = []
  /// Why it is refused whole; nil if it is not.
  public var reject: Reject?
  /// The same for rows that say the same, by these settings.
  public var content: Int64 = 0
  /// When an end comes that it plans, and will tell then; nil if it plans none.
  public var plannedEnd: Instant?
}

/// Turns rows of exchange tables into events, by the rules that hold for every feed.
public struct ExchangeDecoder {
  /// An event of a row, and where its parts come from.
  private struct Telling {
    /// Which of the row's events it is; never changed.
    var mark: String
    var type: String
    var column: String
    var step: String?
    var process: String?
    var extendDays: String?
  }

  private let feed: FeedDescription
  private let exchange: ExchangeDescription
  private let calendar: WorkCalendar?
  private let builder: EventBuilder
  private var draft = EventDraft()
  private let arena = ByteArena()

  /// A decoder of a feed's rows; `calendar` counts the days by which a limit is extended where no column tells them.
  public init(feed: FeedDescription, exchange: ExchangeDescription, calendar: WorkCalendar?) {
    var named = feed
    named.mapping[.caseID] = FeedDescription.Mapping(column: "project_no")
    self.feed = named
    self.exchange = exchange
    self.calendar = calendar
    builder = EventBuilder(feed: named)
  }

  /// Reads one row; `now` is what times in the future are told by.
  public mutating func read(_ row: ExchangeRow, now: Instant) -> ExchangeReading {
    var reading = ExchangeReading()
    do throws(FieldFault) {
      (reading.events, reading.plannedEnd) = try events(of: row, now: now)
      var said = reading.events.flatMap { [Array($0.caseID.text.utf8), Array($0.eventID.text.utf8)] }
      if let end = reading.plannedEnd { said.append(Array("\(end.microseconds)".utf8)) }
      reading.content = Int64(bitPattern: ExchangeEventID.hash(said))
    } catch {
      let raw = row.json
      let isCut = error.code == .tooLarge
      reading.reject = Reject(
        code: error.code, message: error.message,
        position: Reject.Position(line: 1, byteOffset: 0, field: error.place), raw: raw,
        rawLength: raw.count + (isCut ? 1 : 0))
      reading.content = Int64(bitPattern: ExchangeEventID.hash([Array(error.code.rawValue.utf8), row.content]))
    }
    return reading
  }

  private mutating func events(
    of row: ExchangeRow, now: Instant
  ) throws(FieldFault) -> ([Event], plannedEnd: Instant?) {
    try check(row)
    let prefix = ExchangeEventID.prefix(row.table, guid: row.identity)
    var events: [Event] = []
    var plannedEnd: Instant?
    for telling in try tellings(of: row) {
      // An end that lies ahead is a plan: nothing has ended yet.
      if telling.mark == "end", let end = end(row, telling.column), end - now > FeedLimits.futureTolerance {
        plannedEnd = end
        continue
      }
      // Several fields may come from one column.
      arena.reset(capacity: row.cells.reduce(4_096) { $0 + $1.bytes.count * (feed.mapping.count + 1) })
      fill(telling, row)
      builder.timeColumn = telling.column
      do throws(FieldFault) {
        var event = try builder.build(&draft, now: now)
        event.eventID = Identifier(ExchangeEventID.text(event, prefix: prefix, mark: telling.mark))
        events.append(event)
      } catch {
        throw placed(error, telling, row)
      }
    }
    return (events, plannedEnd)
  }

  private func check(_ row: ExchangeRow) throws(FieldFault) {
    for cell in row.cells {
      guard cell.isText else {
        throw fault(
          .badEncoding, cell.column,
          "The column \(cell.column) cannot be told in UTF-8: its bytes are no text of the encoding that the exchange "
            + "database names; have the sender write it anew in that encoding.")
      }
      if cell.bytes.withUnsafeBufferPointer({ UTF8Check.scalarCount($0) }) > ExchangeRow.longest {
        throw fault(
          .tooLarge, cell.column,
          "The column \(cell.column) has more than \(ExchangeRow.longest) characters: shorten it at its source.")
      }
    }
    guard let guid = row.text("row_guid") else {
      throw fault(
        .missingField, "row_guid",
        "row_guid is missing: have the sender give every row one of its own, or read a view that makes one out of "
          + "columns that tell a row from all others and never change.")
    }
    let escaped = ExchangeEventID.prefix(row.table, guid: guid).unicodeScalars.count - 3
    guard escaped <= ExchangeEventID.longestGUID else {
      throw fault(
        .badField, "row_guid",
        "row_guid has \(guid.unicodeScalars.count) characters, it may have at most \(ExchangeEventID.longestGUID) "
          + "(% and / count three): shorten it at its source.")
    }
  }

  // MARK: Tables

  private func tellings(of row: ExchangeRow) throws(FieldFault) -> [Telling] {
    switch row.table {
    case .accept: try accept(row)
    case .process: try process(row)
    case .result: try result(row)
    case .specialProcedure: try specialProcedure(row)
    }
  }

  private func accept(_ row: ExchangeRow) throws(FieldFault) -> [Telling] {
    let task = row.text("task_code").flatMap { exchange.tasks[$0] }
    return try happened(
      [
        Telling(mark: "apply", type: "submitted", column: "apply_date", step: task?.step, process: task?.process),
        Telling(mark: "accept", type: "accepted", column: "accept_date", step: task?.step, process: task?.process),
      ], row)
  }

  private func process(_ row: ExchangeRow) throws(FieldFault) -> [Telling] {
    guard let name = row.text("process_name") else { throw missing("process_name", "every step must be named") }
    let step =
      exchange.steps[name] ?? ExchangeDescription.Step(step: name, start: "step_started", end: "step_completed")
    return try span(row, from: "event_start_time", to: "event_end_time", step)
  }

  private func result(_ row: ExchangeRow) throws(FieldFault) -> [Telling] {
    guard let code = row.text("result_type") else { throw missing("result_type", "a result must say what it is") }
    guard let type = exchange.results[code] else {
      throw fault(
        .badField, "result_type",
        "result_type is \(Excerpt.quoted(code)), which the feed's results do not name: add it there with the event "
          + "that it is, such as completed, rejected or withdrawn.")
    }
    return try happened([Telling(mark: "result", type: type, column: "result_date")], row)
  }

  private func specialProcedure(_ row: ExchangeRow) throws(FieldFault) -> [Telling] {
    let step = row.text("special_name").flatMap { exchange.steps[$0]?.step }
    switch row.text("special_type") {
    case "1", "01":
      let telling = Telling(
        mark: "extend", type: "extended", column: "special_time", step: step, extendDays: try extensionDays(of: row)
      )
      return try happened([telling], row)
    case "2", "02":
      return try span(
        row, from: "special_time", to: "end_time",
        ExchangeDescription.Step(step: step, start: "suspended", end: "resumed"))
    case let code?:
      throw fault(
        .badField, "special_type",
        "special_type is \(Excerpt.quoted(code)): it must be 1, which extends the limit, or 2, which stops the clock."
      )
    case nil: throw missing("special_type", "a special procedure must say whether it extends or stops the clock")
    }
  }

  /// The days of an extension, by the calendar where no column tells them; nil where one does, or is to.
  private func extensionDays(of row: ExchangeRow) throws(FieldFault) -> String? {
    guard feed.mapping[.extendDays].flatMap({ row.value($0.column) }) == nil, feed.defaults[.extendDays] == nil
    else {
      return nil
    }
    guard let from = local(row, "special_time"), let to = local(row, "end_time"), let calendar else {
      throw missing("end_time", "an extension must say to when, where no column tells its days")
    }
    let days = calendar.workedDays(after: from.date, through: to.date)
    guard days > 0 else {
      throw fault(
        .badField, "end_time",
        "From special_time to end_time no working day passes, so that the extension has no days: give its end, or map "
          + "extend_days to a column that tells them.")
    }
    return String(days)
  }

  private func local(_ row: ExchangeRow, _ column: String) -> LocalTime? {
    guard let zone = feed.timeZone else { return nil }
    return instant(row, column).map { zone.local($0) }
  }

  private func instant(_ row: ExchangeRow, _ column: String) -> Instant? {
    guard let value = row.value(column),
      case .instant(let instant) = value.withUnsafeBufferPointer({ OccurrenceTime.read($0, zone: feed.timeZone) })
    else { return nil }
    return instant
  }

  /// When something ends; beyond the times that events may have, as in 9999, with the last of them.
  private func end(_ row: ExchangeRow, _ column: String) -> Instant? {
    if let instant = instant(row, column) { return instant }
    guard let zone = feed.timeZone,
      let local = row.value(column)?.withUnsafeBufferPointer({ OccurrenceTime.local($0) })
    else { return nil }
    return zone.instant(local) > .latest ? .latest : nil
  }

  /// What happened at the start and at the end of something that lasts.
  private func span(
    _ row: ExchangeRow, from start: String, to end: String, _ step: ExchangeDescription.Step
  ) throws(FieldFault) -> [Telling] {
    var tellings: [Telling] = []
    if let type = step.start { tellings.append(Telling(mark: "start", type: type, column: start, step: step.step)) }
    // Compared as times: one table may spell them in two ways.
    let isOpen = exchange.openIfEqual && local(row, start).map { $0 == local(row, end) } ?? false
    if let type = step.end, !isOpen {
      tellings.append(Telling(mark: "end", type: type, column: end, step: step.step))
    }
    if tellings.isEmpty { return [] }
    guard row.value(start) != nil || row.value(end) != nil else {
      throw missing(start, "a row must say when it happened")
    }
    return tellings.filter { row.value($0.column) != nil }
  }

  /// Those of some events that have a time; a row without any is refused.
  private func happened(_ tellings: [Telling], _ row: ExchangeRow) throws(FieldFault) -> [Telling] {
    let there = tellings.filter { row.value($0.column) != nil }
    guard !there.isEmpty else {
      throw missing(tellings.map(\.column).joined(separator: " and "), "a row must say when it happened")
    }
    return there
  }

  // MARK: Drafts

  private mutating func fill(_ telling: Telling, _ row: ExchangeRow) {
    draft.reset()
    set(.caseID, row.value("project_no"))
    set(.type, Array(telling.type.utf8))
    set(.occurredAt, row.value(telling.column))
    set(.step, telling.step.map { Array($0.utf8) })
    set(.process, telling.process.map { Array($0.utf8) })
    for (field, mapping) in feed.mapping where field != .caseID {
      if field == .extendDays, telling.mark != "extend" { continue }
      set(field, row.value(mapping.column))
    }
    if let days = telling.extendDays { set(.extendDays, Array(days.utf8)) }
    for cell in row.cells where feed.keep.contains(cell.column) {
      JSONText.quoted(cell.column).withUnsafeBufferPointer { key in
        JSONText.quoted(String(decoding: cell.bytes, as: UTF8.self)).withUnsafeBufferPointer {
          draft.appendKept(key: key, value: $0)
        }
      }
    }
  }

  private mutating func set(_ field: EventField, _ bytes: [UInt8]?) {
    guard let bytes, !bytes.isEmpty else { return }
    let kept = arena.write(atMost: bytes.count) { out in
      for (index, byte) in bytes.enumerated() { out[index] = byte }
      return bytes.count
    }
    if let kept { draft.set(field.bit, kept, .cell) }
  }

  // MARK: Faults

  private func fault(_ code: RejectCode, _ column: String, _ message: String) -> FieldFault {
    var fault = FieldFault(code, nil, message)
    fault.columnName = column
    return fault
  }

  private func missing(_ column: String, _ why: String) -> FieldFault {
    fault(.missingField, column, "\(column) is missing: \(why).")
  }

  /// A fault of a field, with the column that it came from.
  private func placed(_ fault: FieldFault, _ telling: Telling, _ row: ExchangeRow) -> FieldFault {
    var fault = fault
    switch fault.field {
    case .occurredAt?: fault.columnName = telling.column
    case .caseID?: fault.columnName = "project_no"
    case .step? where row.table == .process: fault.columnName = "process_name"
    case .process?: fault.columnName = "task_code"
    case let field?: fault.columnName = feed.mapping[field]?.column
    case nil: break
    }
    return fault
  }
}
