import ServiceTime

/// What only an exchange database has.
extension FeedReader {
  static let taskKeys = ["process", "step"]
  static let stepKeys = ["step", "start", "end"]
  /// The fields that columns of exchange tables may fill; the others follow from the tables themselves.
  static let exchangeFields = [
    "region", "grid", "service_window", "channel", "entity_name", "entity_type", "uscc", "tags", "extend_days",
  ]

  /// Reads where the exchange database is and how it is read.
  func exchange(_ map: FieldMap, _ feed: inout FeedSettings) {
    if let field = map.required("database", example: "\"service=exchange\"") {
      feed.database = upstream(field, of: feed.name)
    }
    _ = map.required("time_zone", example: "Asia/Shanghai")
    var exchange = feed.exchange
    if let time = time(map["poll"]) { exchange.poll = time }
    if let time = time(map["overlap"]) { exchange.overlap = time }
    let compareAt = map["compare_at"]?.value { text throws(Complaint) in try FeedReader.timeOfDay(text) }
    if let compareAt { exchange.compareAt = compareAt }
    for (code, value) in map["tasks"]?.openMap()?.members ?? [] { exchange.tasks[code] = task(value) }
    for (name, value) in map["steps"]?.openMap()?.members ?? [] { exchange.steps[name] = step(value) }
    for (code, value) in map["results"]?.openMap()?.members ?? [] { exchange.results[code] = type(value) }
    feed.exchange = exchange
    guard let mapping = map["mapping"]?.openMap() else { return }
    for (name, _) in mapping.members where !FeedReader.exchangeFields.contains(name) {
      mapping.key(name)?.fault(
        "does not come from a column of an exchange database; map \(FeedReader.exchangeFields.joined(separator: ", "))"
      )
    }
  }

  private func upstream(_ field: Field, of feed: String) -> DatabaseLocation? {
    guard let text = field.text(longest: 4000) else { return nil }
    if text == "private" {
      field.fault("an exchange database is not private; write a libpq conninfo")
      return nil
    }
    let isFile = text.hasPrefix("/") || text.hasPrefix(ConfigurationReader.credentials)
    guard isFile || Conninfo.isOne(text) else {
      field.fault(
        "is not a libpq conninfo; write for example \"service=exchange\", or the whole path of a file that holds one"
      )
      return nil
    }
    // As it is written it leads to no database.
    guard use.needsUpstream(of: feed) else { return .conninfo(text) }
    guard let whole = expand(field, text) else { return nil }
    return isFile
      ? field.value { _ throws(Complaint) in .conninfo(try ConninfoFile.read(whole)) } : .conninfo(whole)
  }

  private func time(_ field: Field?) -> Int64? {
    field?.value { text throws(Complaint) in
      let time = try PlainTime.microseconds(text)
      guard time >= 1_000_000, time <= 86_400_000_000 else {
        throw Complaint("\(text) is not from 1s to 24h")
      }
      return time
    }
  }

  private static func timeOfDay(_ text: String) throws(Complaint) -> Int64 {
    let bytes = Array("2000-01-01 \(text)".utf8)
    let read = bytes.withUnsafeBufferPointer { LocalTime.parse(isoPrefix: $0) }
    guard let (time, used) = read, used == bytes.count, text.utf8.count == 5 else {
      throw Complaint("\"\(text)\" is not a time of day; write for example \"02:30\"")
    }
    return time.timeOfDay
  }

  private func task(_ field: Field) -> ExchangeSettings.Task? {
    guard case .map = field.node.content else {
      return field.text(longest: 64).map { ExchangeSettings.Task(process: $0) }
    }
    guard let map = field.map(keys: FeedReader.taskKeys),
      let process = map.required("process", example: "opening")?.text(longest: 64)
    else { return nil }
    return ExchangeSettings.Task(process: process, step: map["step"]?.text(longest: 64))
  }

  private func step(_ field: Field) -> ExchangeSettings.Step? {
    guard case .map = field.node.content else {
      return field.text(longest: 64).map {
        ExchangeSettings.Step(step: $0, start: "step_started", end: "step_completed")
      }
    }
    guard let map = field.map(keys: FeedReader.stepKeys) else { return nil }
    let step = ExchangeSettings.Step(
      step: map["step"]?.text(longest: 64), start: map["start"].flatMap { type($0) },
      end: map["end"].flatMap { type($0) })
    if map["start"] == nil, map["end"] == nil {
      field.fault(
        "names neither start nor end; write the types of the events that they are, or a step's name alone")
    }
    return step
  }

  private func type(_ field: Field) -> String? {
    guard let text = field.text(longest: 64) else { return nil }
    if text == "voided" || text == "extended" {
      field.fault(
        "\(text) needs more than a time; rewritten rows void, and special procedures extend, by themselves")
      return nil
    }
    return text
  }
}
