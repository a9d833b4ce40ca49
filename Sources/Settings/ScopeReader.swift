import ServiceTime

/// Reads which cases a promise applies to, and which events it names.
enum ScopeReader {
  static let keys = ["region", "entity_type", "channel", "tags"]
  static let eventKeys = ["type", "step"]
  static let entityTypes = ["enterprise", "individual", "cooperative"]

  /// A scope `{ region: […], entity_type: […], channel: […], tags: […] }`.
  static func scope(_ field: Field?) -> CaseScope {
    guard let field, let map = field.map(keys: keys) else { return CaseScope() }
    var scope = CaseScope()
    scope.regionPrefixes = map["region"].flatMap { regionPrefixes($0) } ?? []
    scope.entityTypes = map["entity_type"]?.texts() ?? []
    scope.channels = map["channel"]?.texts() ?? []
    scope.tags = map["tags"]?.texts() ?? []
    for type in scope.entityTypes where !entityTypes.contains(type) {
      map["entity_type"]?.remark("\"\(type)\" is none of \(entityTypes.joined(separator: ", "))")
    }
    for key in keys {
      if let list = map[key], case .list(let nodes) = list.node.content, nodes.isEmpty {
        list.fault("names nothing; name at least one, or take the key out")
      }
    }
    return scope
  }

  /// Region prefixes of 1 to 12 digits, each once.
  static func regionPrefixes(_ field: Field) -> [String]? {
    guard let items = field.itemsOrSelf() else { return nil }
    var prefixes: [String] = []
    for item in items {
      let prefix = item.value { text throws(Complaint) in
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ $0 &- 48 < 10 }) else {
          throw Complaint("\"\(text)\" is not a region; write 1 to 12 digits, for example \"469005\"")
        }
        return text
      }
      guard let prefix else { continue }
      if prefixes.contains(prefix) {
        item.fault("\(prefix) is named twice; keep one")
      } else {
        prefixes.append(prefix)
      }
    }
    return prefixes
  }

  /// Events named one by one, each once.
  static func matchers(_ field: Field) -> [EventMatcher]? {
    guard let items = field.itemsOrSelf() else { return nil }
    var matchers: [EventMatcher] = []
    for item in items {
      guard let matcher = matcher(item) else { continue }
      if matchers.contains(matcher) {
        item.fault("\(matcher) is named twice; keep one")
      } else {
        matchers.append(matcher)
      }
    }
    return matchers
  }

  /// An event named as `type`, `type:step` or `{ type: …, step: … }`: there either may hold a colon.
  static func matcher(_ field: Field) -> EventMatcher? {
    guard let matcher = plainMatcher(field) else { return nil }
    if matcher.type == .voided { field.fault("voided has no effect on a clock; take it out") }
    guard !matcher.type.isKnown else { return matcher }
    if let near = Spelling.nearest(matcher.type.name, among: EventType.lifeCycle) {
      field.remark("\"\(matcher.type.name)\" is not a life-cycle type; was \"\(near)\" meant?")
    } else if case .scalar = field.node.content, let step = matcher.step {
      field.remark(
        "\"\(matcher)\" is the step \(step) of the type \(matcher.type); if the colon is part of the type, write "
          + "{ type: \"\(matcher)\" }, else { type: \"\(matcher.type)\", step: \"\(step)\" }")
    }
    return matcher
  }

  static func plainMatcher(_ field: Field) -> EventMatcher? {
    if case .map = field.node.content {
      guard let map = field.map(keys: eventKeys),
        let type = map.required("type", example: "accepted")?.text(longest: 64)
      else { return nil }
      guard let stepField = map["step"] else { return EventMatcher(type: EventType(type)) }
      return stepField.text(longest: 64).map { EventMatcher(type: EventType(type), step: $0) }
    }
    return field.value { text throws(Complaint) in
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard
        parts.allSatisfy({ (1...64).contains($0.unicodeScalars.count) && $0 == $0.trimming(while: { $0 == " " }) })
      else {
        throw Complaint("\"\(text)\" is not an event; write a type or type:step, each of 1 to 64 characters")
      }
      return EventMatcher(text)
    }
  }

  /// Titles by language: `{ en: …, zh: … }`.
  static func titles(_ field: Field?) -> [String: String] {
    guard let map = field?.openMap() else { return [:] }
    var titles: [String: String] = [:]
    for (language, value) in map.members {
      guard (2...8).contains(language.utf8.count),
        language.utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A || $0 == 0x2D })
      else {
        value.fault("\"\(language)\" is not a language; write for example en or zh")
        continue
      }
      titles[language] = value.text(longest: 200)
    }
    return titles
  }
}
