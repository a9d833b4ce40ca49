import ServiceTime

/// Reads a promise of time.
struct CommitmentReader {
  static let keys = [
    "id", "kind", "process", "title", "applies_to", "excludes", "start", "stop", "cancel", "pause", "reopen",
    "calendar", "versions", "levels",
  ]
  static let levelKeys = ["at", "priority", "notify"]
  static let mostLevels = 50
  static let mostVersions = 200

  /// The ids that calendars have.
  let calendars: Set<String>

  /// The promise; nil where something needed is missing or wrong, which is then reported.
  func commitment(_ field: Field) -> Commitment? {
    guard let map = field.map(keys: CommitmentReader.keys) else { return nil }
    let id = map.required("id", example: "opening")
    let process = map.required("process", example: "opening")?.text(longest: 64)
    let start = events(map, "start", example: "[accepted]")
    let stop = events(map, "stop", example: "[completed, rejected]")
    let cancel = map["cancel"].flatMap { ScopeReader.matchers($0) } ?? []
    checkRoles(map, start: start ?? [], stop: stop ?? [], cancel: cancel)
    let pause = map["pause"].map { pauses($0) } ?? []
    let calendar = map.required("calendar", example: calendars.min() ?? "cn")?.value { text throws(Complaint) in
      guard calendars.contains(text) else {
        throw Complaint(Spelling.unknown("calendar", text, among: calendars.sorted()))
      }
      return text
    }
    let title = ScopeReader.titles(map["title"])
    let appliesTo = ScopeReader.scope(map["applies_to"])
    let excludes = ScopeReader.scope(map["excludes"])
    let versions = versions(map)
    let levels = map["levels"].map { self.levels($0, versions) } ?? []
    let reopen = map["reopen"].flatMap { $0.texts() }
    if let reopen { checkReopen(map, reopen, stop: stop ?? []) }
    guard let id, case .scalar(let name, _) = id.node.content, let process, let start, let stop, let calendar,
      !versions.isEmpty
    else { return nil }
    return Commitment(
      id: name, process: process, title: title, appliesTo: appliesTo, excludes: excludes, start: start, stop: stop,
      cancel: cancel, pause: pause, calendar: calendar, versions: versions, levels: levels, reopen: reopen)
  }

  private func events(_ map: FieldMap, _ key: String, example: String) -> [EventMatcher]? {
    guard let field = map.required(key, example: example), let events = ScopeReader.matchers(field) else {
      return nil
    }
    if case .list(let nodes) = field.node.content, nodes.isEmpty {
      field.fault("names no event; add one, for example \(example)")
    }
    return events
  }

  /// An event that starts a clock must not be one that stops or cancels it.
  private func checkRoles(
    _ map: FieldMap, start: [EventMatcher], stop: [EventMatcher], cancel: [EventMatcher]
  ) {
    for (key, others, verb) in [("stop", stop, "stops"), ("cancel", cancel, "cancels")] {
      for other in others {
        guard let clash = start.first(where: { $0.type == other.type && overlap($0.step, other.step) }) else {
          continue
        }
        let item = map[key]?.itemsOrSelf()?.first { item in
          ScopeReader.plainMatcher(Field(node: item.node, path: "", file: "", log: FaultLog())) == other
        }
        let same = clash == other ? "\(other)" : "\(clash) (start) and \(other) are one event, which"
        (item ?? map[key])?.fault("\(same) both starts and \(verb) the clock; take it out of one")
      }
    }
  }

  /// Whether two steps can be one event's; none matches whatever the step.
  private func overlap(_ a: String?, _ b: String?) -> Bool { a == nil || b == nil || a == b }

  private func pauses(_ field: Field) -> [PauseKind] {
    guard let items = field.items() else { return [] }
    var kinds: [PauseKind] = []
    for item in items {
      guard case .list(let nodes) = item.node.content, nodes.count == 2, let ends = item.items() else {
        item.fault("a pause is a pair of events, for example [suspended, resumed]")
        continue
      }
      guard let begin = ScopeReader.matcher(ends[0]), let end = ScopeReader.matcher(ends[1]) else { continue }
      if begin.type == end.type && overlap(begin.step, end.step) {
        item.fault("\(begin) would begin and end the same pause; name two events")
      }
      let kind = PauseKind(begin: begin, end: end)
      if kinds.contains(kind) { item.fault("this pause is listed twice; keep one") } else { kinds.append(kind) }
    }
    return kinds
  }

  private func checkReopen(_ map: FieldMap, _ reopen: [String], stop: [EventMatcher]) {
    guard let items = map["reopen"]?.itemsOrSelf() else { return }
    for item in items {
      guard case .scalar(let text, _) = item.node.content, reopen.contains(text) else { continue }
      if !stop.contains(where: { $0.type == EventType(text) }) {
        item.fault("\(text) does not stop this clock; name types that are under stop")
      }
    }
  }

  private func levels(_ field: Field, _ versions: [CommitmentVersion]) -> [Level] {
    guard let map = field.openMap() else { return [] }
    guard map.entries.count <= CommitmentReader.mostLevels else {
      field.fault("more than \(CommitmentReader.mostLevels) levels; take some out")
      return []
    }
    let limits = versions.map { (from: $0.from, limit: $0.limit) }
    return map.members.compactMap { name, value in
      if !isIdentifier(name) {
        map.key(name)?.fault("\"\(name)\" is not a level's name; use a-z, 0-9 and _, at most 64")
      }
      guard let level = value.map(keys: CommitmentReader.levelKeys) else { return nil }
      let position = level.required("at", example: "due")?.value { text throws(Complaint) in
        try Level.Position(policyText: text, limits: limits)
      }
      let priority = level["priority"].map { $0.choice(Level.Priority.allCases) } ?? .warning
      let notify = level["notify"]
      let addressee = notify.flatMap { $0.choice(Level.Addressee.allCases) }
      guard let position, let priority, notify == nil || addressee != nil else { return nil }
      return Level(name: name, position: position, priority: priority, notify: addressee)
    }
  }

  private func isIdentifier(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 &- 48 < 10 || $0 == 0x5F }
  }
}
