import ServiceTime

/// Whom each level is for, as the rules in force say.
///
/// It belongs to the level and not to the clock, so no clock's row repeats it.
struct Addressees: Sendable {
  private struct Key: Hashable {
    var commitment: String
    var level: String
  }
  private let byLevel: [Key: Level.Addressee]

  init(_ rulebook: Rulebook) {
    var byLevel: [Key: Level.Addressee] = [:]
    for commitment in rulebook.policy.commitments {
      for level in commitment.levels {
        byLevel[Key(commitment: commitment.id, level: level.name)] = level.notify
      }
    }
    self.byLevel = byLevel
  }

  /// Whom a level is for; nil where the rules name nobody.
  subscript(commitment: String, level: String) -> Level.Addressee? {
    byLevel.isEmpty ? nil : byLevel[Key(commitment: commitment, level: level)]
  }

  /// The levels that are for somebody, for a statement that joins them: commitments, levels, addressees.
  var columns: (commitments: [String], levels: [String], addressees: [String]) {
    let entries = Array(byLevel)
    return (entries.map(\.key.commitment), entries.map(\.key.level), entries.map(\.value.rawValue))
  }
}
