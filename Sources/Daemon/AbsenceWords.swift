import Ledger
import ServiceTime
import Settings

/// What a line about a level says beside the level itself: the commitments' titles and the calendars' zones.
struct AbsenceWords: Sendable {
  /// A commitment's titles by language.
  var titles: [String: [String: String]] = [:]
  /// The calendars' zones.
  var zones: [String: TimeZoneTable] = [:]

  /// No words: the ids speak.
  init() {}

  /// The words of the rules in force.
  init(_ rulebook: Rulebook) {
    for commitment in rulebook.policy.commitments { titles[commitment.id] = commitment.title }
    zones = rulebook.calendars.mapValues(\.zone)
  }

  /// Their lines in a file.
  var lines: [[String]] {
    titles.sorted { $0.key < $1.key }.flatMap { id, titles in
      titles.sorted { $0.key < $1.key }.map { ["title", id, $0.key, $0.value] }
    } + zones.sorted { $0.key < $1.key }.map { ["zone", $0.key, $0.value.name] }
  }

  /// Takes in a line of a file; false if it is none of words. A zone that cannot be had is told as UTC.
  mutating func take(_ fields: [String]) -> Bool {
    switch (fields.first, fields.count) {
    case ("title", 4): titles[fields[1], default: [:]][fields[2]] = fields[3]
    case ("zone", 3): zones[fields[1]] = try? ZoneFiles.load(fields[2])
    default: return false
    }
    return true
  }
}
