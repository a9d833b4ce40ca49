import ServiceTime

/// Reads a promise of a share.
struct ShareReader {
  static let keys = ["id", "kind", "process", "title", "population", "counted", "target", "period"]

  /// The promise; nil where something needed is missing or wrong, which is then reported.
  func share(_ field: Field) -> ShareCommitment? {
    guard let map = field.map(keys: ShareReader.keys) else { return nil }
    let id = map.required("id", example: "online_tax")
    let process = map.required("process", example: "opening")?.text(longest: 64)
    let population = map.required("population", example: "[\"step_completed:tax\"]")
    let events = population.flatMap { ScopeReader.matchers($0) }
    if let population, events?.isEmpty == true { population.fault("names no event; add one") }
    let counted = map.required("counted", example: "{ channel: online }")
    let scope = ScopeReader.scope(counted)
    if let counted, case .map(let entries) = counted.node.content, entries.isEmpty {
      counted.fault("names nothing, so everything would count; name a channel, region, entity_type or tags")
    }
    let target = map.required("target", example: "0.90")?.value { text throws(Complaint) in
      try ShareReader.target(text)
    }
    let period: ShareCommitment.Period? =
      map["period"].map { $0.choice([.month, .quarter, .year]) } ?? .month
    let title = ScopeReader.titles(map["title"])
    guard let id, case .scalar(let name, _) = id.node.content, let process, let events, let target, let period
    else { return nil }
    return ShareCommitment(
      id: name, process: process, title: title, population: events, counted: scope, target: target, period: period)
  }

  /// A share 0…1 of `0.90` or `90%`.
  static func target(_ text: String) throws(Complaint) -> ShareTarget {
    let millionths =
      text.hasSuffix("%") ? Percent.hundredths(String(text.dropLast())).map { $0 * 100 } : try decimal(text)
    guard let millionths else { throw Complaint("\"\(text)\" is not a share; write for example 0.90 or 90%") }
    guard (0...ShareTarget.whole).contains(millionths) else {
      throw Complaint("\(text) is not between 0 and 1; write 0.90 for 90%")
    }
    return ShareTarget(millionths: millionths)
  }

  /// Millionths of a decimal such as `0.9`; nil for anything else.
  private static func decimal(_ text: String) throws(Complaint) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard text.utf8.count <= 20, text != ".",
      parts.allSatisfy({ $0.utf8.allSatisfy { $0 &- 48 < 10 } }), parts[0].utf8.count <= 9
    else { return nil }
    var fraction = parts.count == 2 ? String(parts[1]) : ""
    while fraction.hasSuffix("0") { fraction.removeLast() }
    guard fraction.utf8.count <= ShareTarget.decimals else {
      throw Complaint("\(text) has more than \(ShareTarget.decimals) decimals; round it")
    }
    let padded = fraction + String(repeating: "0", count: ShareTarget.decimals - fraction.utf8.count)
    guard text.utf8.count > 0, let below = Int64(padded), let whole = parts[0].isEmpty ? 0 : Int64(parts[0])
    else { return nil }
    return whole * ShareTarget.whole + below
  }
}
