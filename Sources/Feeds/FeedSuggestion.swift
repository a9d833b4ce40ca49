import ServiceTime

/// Settings of a feed that fit the names of a file's columns, to be looked over and pasted.
public struct FeedSuggestion: Sendable {
  /// Where a field would come from.
  public struct Source: Sendable, Equatable {
    /// The event field.
    public var field: EventField
    /// Its column and the meaning of the column's values.
    public var mapping: FeedDescription.Mapping
  }

  /// Where fields would come from.
  public private(set) var fields: [Source] = []
  /// The events of a row.
  public private(set) var milestones: [FeedDescription.Milestone] = []
  /// Values where rows have none.
  public private(set) var defaults: [Source] = []
  /// The zone of times without an offset.
  public private(set) var timeZone: String?
  /// What could not be found.
  public private(set) var missing: [String] = []

  private var columns: [ColumnTally.Column]
  private var taken: Set<String> = []

  /// Settings for a file as it was found; nil where they would say nothing that the feed does not say.
  init?(_ survey: FeedSurvey, _ columns: [ColumnTally.Column], feed: FeedDescription) {
    self.columns = columns.filter { !$0.name.isEmpty }
    for (field, names) in ColumnNames.fields { find(field, names) }
    for (type, names) in ColumnNames.milestones {
      if let column = column([type + "_at"] + names) {
        milestones.append(FeedDescription.Milestone(type: type, column: column.name))
        taken.insert(column.name)
      }
    }
    let time = column(["occurred_at"] + ColumnNames.time)
    let type = column(["type"] + ColumnNames.type)
    if milestones.count < 2, let time, let type {
      milestones = []
      add(.occurredAt, time)
      addType(type)
    } else if milestones.isEmpty {
      if let time { add(.occurredAt, time) } else { missing.append("occurred_at: the column that holds the time") }
      if let type { addType(type) } else { missing.append("type: the column that says what happened") }
    }
    if !fields.contains(where: { $0.field == .caseID }) {
      missing.append("case_id: the column that holds the case's number")
    }
    restrictProcesses(feed)
    findZone(feed)
    let isNews =
      fields.contains { feed.mapping[$0.field]?.column != $0.mapping.column } || milestones != feed.milestones
    guard !fields.isEmpty || !milestones.isEmpty, isNews || !survey.lacks.isEmpty else { return nil }
    // What the contract names itself needs no mapping, and then there is nothing to be said.
    guard
      !fields.allSatisfy({ $0.mapping.column == $0.field.rawValue && !$0.mapping.translates })
        || !milestones.isEmpty || !survey.lacks.isEmpty
    else { return nil }
    self.columns = []
  }

  private func column(_ names: [String]) -> ColumnTally.Column? {
    for name in names {
      if let found = columns.first(where: { ColumnNames.plain($0.name) == name && !taken.contains($0.name) }) {
        return found
      }
    }
    return nil
  }

  private mutating func find(_ field: EventField, _ names: [String]) {
    if let column = column([field.rawValue] + names) { add(field, column) }
  }

  private mutating func add(_ field: EventField, _ column: ColumnTally.Column, otherwise: String? = nil) {
    taken.insert(column.name)
    var mapping = FeedDescription.Mapping(column: column.name, otherwise: otherwise)
    for (text, meaning) in ColumnNames.values[field] ?? [:] where column.values?[text] != nil {
      mapping.values[text] = meaning
    }
    fields.append(Source(field: field, mapping: mapping))
  }

  /// A column that says what happened: what is no event of the life cycle is a step that was completed.
  private mutating func addType(_ column: ColumnTally.Column) {
    let values = column.values ?? [:]
    let known = ColumnNames.values[.type] ?? [:]
    let others = values.keys.filter { known[$0] == nil && !EventType($0).isKnown }
    add(.type, column, otherwise: others.isEmpty ? nil : "step_completed")
    if !others.isEmpty { add(.step, column) }
  }

  /// A process must be one of the policy's, in each row.
  private mutating func restrictProcesses(_ feed: FeedDescription) {
    let known = feed.knownProcesses
    func isKnown(_ text: String) -> Bool { known.isEmpty || known.contains(text) }
    if let index = fields.firstIndex(where: { $0.field == .process }) {
      let column = columns.first { $0.name == fields[index].mapping.column }
      let values = column?.values ?? [:]
      fields[index].mapping.values = fields[index].mapping.values.filter { isKnown($0.value) }
      let mapped = fields[index].mapping.values
      if !values.isEmpty, values.keys.allSatisfy({ mapped[$0] != nil || isKnown($0) }) { return }
      fields.remove(at: index)
    }
    guard feed.defaults[.process] == nil, let process = known.contains("opening") ? "opening" : known.sorted().first
    else { return }
    defaults.append(Source(field: .process, mapping: FeedDescription.Mapping(column: process)))
  }

  private mutating func findZone(_ feed: FeedDescription) {
    guard feed.timeZone == nil else { return }
    let times = milestones.map(\.column) + fields.filter { $0.field == .occurredAt }.map(\.mapping.column)
    let samples = columns.filter { times.contains($0.name) }.flatMap(\.samples)
    let lacksOffset = samples.contains { sample in
      Array(sample.utf8).withUnsafeBufferPointer { OccurrenceTime.read($0, zone: nil) == .lacksOffset }
    }
    if lacksOffset { timeZone = "Asia/Shanghai" }
  }
}

extension FeedSuggestion {
  /// The settings as YAML, indented as the keys of a feed are.
  public var yaml: String {
    var lines: [String] = []
    if let timeZone { lines.append("time_zone: \(timeZone)") }
    lines.append("mapping:")
    for source in fields {
      lines.append("  \(source.field.rawValue): \(FeedSuggestion.text(source.mapping))")
    }
    if !milestones.isEmpty {
      lines.append("  events:")
      for milestone in milestones {
        lines.append(
          "    - { type: \(FeedSuggestion.quoted(milestone.type)), occurred_at: \(FeedSuggestion.quoted(milestone.column)) }"
        )
      }
    }
    if !defaults.isEmpty {
      let pairs = defaults.map { "\($0.field.rawValue): \(FeedSuggestion.quoted($0.mapping.column))" }
      lines.append("defaults: { \(pairs.joined(separator: ", ")) }")
    }
    for text in missing { lines.append("# \(text) was not found among the columns") }
    return lines.map { "    " + $0 }.joined(separator: "\n")
  }

  private static func text(_ mapping: FeedDescription.Mapping) -> String {
    guard mapping.translates else { return quoted(mapping.column) }
    var parts = ["column: \(quoted(mapping.column))"]
    if !mapping.values.isEmpty {
      let values = mapping.values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
      parts.append("values: { \(values.joined(separator: ", ")) }")
    }
    if let otherwise = mapping.otherwise { parts.append("otherwise: \(quoted(otherwise))") }
    return "{ \(parts.joined(separator: ", ")) }"
  }

  /// A text as YAML takes it, in quotes where it might mean something else.
  static func quoted(_ text: String) -> String {
    let special = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let isPlain = text.unicodeScalars.enumerated().allSatisfy { index, scalar in
      (0x4E00...0x9FFF).contains(scalar.value) || scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic
        || index > 0 && ("0"..."9").contains(scalar)
    }
    if isPlain, !text.isEmpty, !special.contains(text.lowercased()) { return text }
    var out = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        out += "\\"
        out.unicodeScalars.append(scalar)
      } else if Excerpt.isUnsafe(scalar) {
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
