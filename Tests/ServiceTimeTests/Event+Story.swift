@testable import ServiceTime

extension Event {
  /// An event of a story: `type[:step] date time [key=value …]`; nil for a blank line.
  ///
  /// Keys: `id`, `source`, `seq`, `voids`, `days` (of an extension), `process` (`-` for none, `opening` where not
  /// said), `region`, `entity`, `channel`, `window`, `tags` (with commas, `-` for an empty list).
  init?(story line: Substring, number: Int, office: TestOffice) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 3 else { return nil }
    var options: [String: String] = [:]
    for word in words.dropFirst(3) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { options[parts[0]] = parts[1] }
    }
    let matcher = EventMatcher(words[0])
    self.init(
      caseID: "case", source: Identifier(options["source"] ?? "desk"),
      eventID: Identifier(options["id"] ?? "e\(number)"), type: matcher.type,
      occurredAt: office.at(words[1] + " " + words[2]))
    step = matcher.step
    sequence = options["seq"].flatMap { Int64($0) }
    process = options["process"] == "-" ? nil : options["process"] ?? "opening"
    region = options["region"]
    entityType = options["entity"]
    channel = options["channel"]
    serviceWindow = options["window"]
    tags = options["tags"].map { $0 == "-" ? [] : $0.split(separator: ",").map(String.init) }
    voids = options["voids"].map { Identifier($0) }
    extendDays = options["days"].flatMap { Int32($0) }
  }
}
