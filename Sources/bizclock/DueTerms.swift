import ArgumentParser
import Daemon

/// What a question to the reckoner says, as it was written.
struct DueTerms {
  var commitment: String?
  var start: String?
  var pauses: [(from: String, to: String?)] = []
  /// Counted days added by extensions.
  var extended = 0
  var region: String?

  /// The members of a question in JSON.
  static let members = ["commitment", "start", "pauses", "region", "extend_days"]
  /// The most days that extensions may add.
  static let mostExtended = 3_660

  /// Pauses as options write them, `FROM/TO`, without TO if they have no end.
  static func pauses(_ options: [String]) -> [(from: String, to: String?)] {
    options.map { text in
      let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0], parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil)
    }
  }

  /// These terms with what a line of JSON says instead; null says nothing.
  func overlaid(byJSON line: String) throws -> DueTerms {
    guard case .object(let members) = try JSONReader.read(line) else {
      throw ValidationError("is not a JSON object")
    }
    var terms = self
    for (name, value) in members.sorted(by: { $0.0 < $1.0 }) {
      switch (name, value) {
      case ("commitment", .text(let text)): terms.commitment = text
      case ("start", .text(let text)): terms.start = text
      case ("region", .text(let text)):
        try RegionOption.check(text, named: "region")
        terms.region = text
      case ("extend_days", .number(let days)):
        guard let days = Int(exactly: days), (0...DueTerms.mostExtended).contains(days) else {
          throw ValidationError("extend_days: a whole number from 0 to \(DueTerms.mostExtended) is needed")
        }
        terms.extended = days
      case ("pauses", .array(let pairs)): terms.pauses = try pairs.map(DueTerms.pause)
      case _ where !DueTerms.members.contains(name):
        throw ValidationError("\(name): there is no such member; use \(DueTerms.members.joined(separator: ", "))")
      case (_, .null): break
      case ("pauses", _): throw ValidationError("pauses: a list is needed")
      case ("extend_days", _): throw ValidationError("extend_days: a number is needed")
      default: throw ValidationError("\(name): a text is needed")
      }
    }
    return terms
  }

  private static func pause(_ value: JSONText) throws -> (from: String, to: String?) {
    if case .array(let ends) = value, ends.count == 2, case .text(let from) = ends[0] {
      switch ends[1] {
      case .text(let to): return (from, to)
      case .null: return (from, nil)
      default: break
      }
    }
    throw ValidationError("pauses: each is [from, to] or [from, null]")
  }
}
