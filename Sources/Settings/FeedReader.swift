import ServiceTime

/// Reads one feed of the configuration.
struct FeedReader {
  static let keys = [
    "name", "source", "kind", "directory", "format", "silence", "time_zone", "encoding", "delimiter", "keep",
    "mapping", "defaults", "database", "schema", "open_if_equal", "poll", "overlap", "compare_at", "tasks", "steps",
    "results",
  ]
  static let mappingKeys = ["column", "values", "otherwise"]
  static let rowEventKeys = ["type", "step", "occurred_at"]
  /// Most events that one row may tell.
  static let mostRowEvents = 32
  /// Fields that events of one row cannot have in common.
  static let ofOneEvent = ["event_id", "type", "occurred_at", "voids", "extend_days"]
  static let spoolOnly = ["directory", "format", "encoding", "delimiter"]
  static let exchangeOnly = [
    "database", "schema", "open_if_equal", "poll", "overlap", "compare_at", "tasks", "steps", "results",
  ]
  /// The fields of an event that a mapping or a default may fill.
  static let eventFields = [
    "event_id", "case_id", "type", "occurred_at", "sequence", "process", "step", "source", "region", "grid",
    "service_window", "channel", "entity_name", "entity_type", "uscc", "tags", "voids", "extend_days",
  ]
  /// What identifies an event comes from its row, never from a default.
  static let noDefaults = ["event_id", "case_id", "occurred_at", "sequence", "voids", "source"]

  /// The folder of the configuration file, from which relative paths are seen.
  let folder: String
  let use: ConfigurationUse
  let expand: (Field, String) -> String?

  /// The feed; nil where something needed is missing or wrong, which is then reported.
  func feed(_ field: Field) -> FeedSettings? {
    guard let map = field.map(keys: FeedReader.keys) else { return nil }
    let name = map.required("name", example: "e-registration")?.value { text throws(Complaint) in
      guard text.utf8.count <= 64, text.utf8.first != 0x2D, text.utf8.allSatisfy(FeedReader.isNameByte) else {
        throw Complaint("\"\(text)\" is not a feed's name; use letters, digits, - and _, at most 64")
      }
      return text
    }
    let source = map.required("source", example: "hn-ereg")?.text(longest: 255)
    let kind = map.required("kind", example: "spool")?.choice(FeedSettings.Kind.allCases)
    guard let name, let source, let kind else {
      _ = settings(FeedSettings(name: "", source: ""), map)
      return nil
    }
    var feed = FeedSettings(name: name, source: source, kind: kind)
    let foreign =
      (kind == .spool ? [] : FeedReader.spoolOnly) + (kind == .exchange ? [] : FeedReader.exchangeOnly)
    for key in foreign { map.key(key)?.fault("is not for kind \(kind.rawValue); take it out, or change the kind") }
    switch kind {
    case .spool:
      if let directory = map.required("directory", example: "/var/spool/bizclock/\(name)")?.text(longest: 4000) {
        feed.directory = FilePath.plain(FilePath.resolve(directory, in: folder))
      }
    case .http: break
    case .exchange:
      exchange(map, &feed)
    }
    return settings(feed, map)
  }

  private func settings(_ start: FeedSettings, _ map: FieldMap) -> FeedSettings {
    var feed = start
    if let format = map["format"]?.choice(FeedSettings.Format.allCases) { feed.format = format }
    feed.silence = map["silence"]?.value { text throws(Complaint) in try Silence(settingsText: text) }
    feed.timeZone = map["time_zone"]?.value { text throws(Complaint) in
      if let problem = ZoneFiles.problem(text) { throw Complaint(problem) }
      return text
    }
    if let encoding = map["encoding"]?.choice(FeedSettings.Encoding.allCases) { feed.encoding = encoding }
    feed.delimiter = map["delimiter"].flatMap { delimiter($0) }
    feed.keep = map["keep"]?.texts(longest: 128) ?? []
    if let field = map["mapping"], let inner = field.map(keys: FeedReader.eventFields + ["events"]) {
      feed.mapping = mapping(inner)
      if let events = inner["events"] {
        feed.events = rowEvents(events)
        for name in FeedReader.ofOneEvent {
          inner.key(name)?.fault("does not go with events, each of which has its own; take it out")
          map["defaults"]?.openMap()?.key(name)?.fault("does not go with mapping.events; take it out")
        }
      }
    }
    feed.defaults = map["defaults"].map { defaults($0) } ?? [:]
    if let schema = map["schema"]?.text(longest: 63) { feed.schema = schema }
    if let open = map["open_if_equal"]?.flag() { feed.openIfEqual = open }
    return feed
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte &- 48 < 10 || byte == 0x2D || byte == 0x5F
  }

  private func delimiter(_ field: Field) -> UInt8? {
    guard case .scalar(let text, _) = field.node.content else {
      field.fault("expected one character, found \(field.node.kindName)")
      return nil
    }
    if text == "tab" { return 9 }
    guard let byte = text.utf8.first, text.utf8.count == 1, [0x09, 0x2C, 0x3B].contains(byte) else {
      field.fault("\"\(text)\" is not a delimiter; write \",\", \";\" or tab")
      return nil
    }
    return byte
  }

  private func mapping(_ map: FieldMap) -> [String: FieldMapping] {
    var mapping: [String: FieldMapping] = [:]
    for (name, value) in map.members where name != "events" {
      guard case .map = value.node.content else {
        if let column = value.text(longest: 255) { mapping[name] = FieldMapping(column: column) }
        continue
      }
      guard let inner = value.map(keys: FeedReader.mappingKeys),
        let column = inner.required("column", example: name)?.text(longest: 255)
      else { continue }
      var entry = FieldMapping(column: column)
      for (text, meaning) in inner["values"]?.openMap()?.members ?? [] {
        entry.values[text] = meaning.text(longest: 255)
      }
      entry.otherwise = inner["otherwise"]?.text(longest: 255)
      mapping[name] = entry
    }
    return mapping
  }

  /// The events of one row.
  private func rowEvents(_ field: Field) -> [RowEvent] {
    guard let items = field.items() else { return [] }
    if items.isEmpty { field.fault("is empty; name the events that a row tells, or map type and occurred_at") }
    if items.count > FeedReader.mostRowEvents {
      field.fault("has \(items.count) events; a row may tell at most \(FeedReader.mostRowEvents)")
    }
    var events: [RowEvent] = []
    for item in items {
      guard let map = item.map(keys: FeedReader.rowEventKeys) else { continue }
      let type = map.required("type", example: "accepted")?.text(longest: 64)
      let column = map.required("occurred_at", example: "受理时间")?.text(longest: 255)
      let step = map["step"]?.text(longest: 64)
      guard let type, let column else { continue }
      if type == "voided" || type == "extended" {
        map["type"]?.fault("\(type) needs more than a time; give such events rows of their own")
      }
      if events.contains(where: { $0.type == type && $0.step == step }) {
        item.fault("\(type)\(step.map { ":" + $0 } ?? "") is named twice; keep one, or give each its step")
      }
      events.append(RowEvent(type: type, step: step, occurredAt: column))
    }
    return events
  }

  private func defaults(_ field: Field) -> [String: String] {
    let allowed = FeedReader.eventFields.filter { !FeedReader.noDefaults.contains($0) }
    guard let map = field.map(keys: allowed) else { return [:] }
    var defaults: [String: String] = [:]
    for (name, value) in map.members where allowed.contains(name) { defaults[name] = value.text(longest: 255) }
    return defaults
  }
}
