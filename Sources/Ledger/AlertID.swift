/// What names an alert: `case/commitment/round/level/revision`, of a share `commitment/YYYYMM/level/revision`.
public struct AlertID: Sendable, Hashable, CustomStringConvertible {
  /// The case; empty for the alert of a share.
  public var caseID: String
  /// The commitment.
  public var commitment: String
  /// The round; of a share its month as YYYYMM.
  public var round: Int32
  /// The level.
  public var level: String
  /// Which time it was reached.
  public var revision: Int32

  /// An alert's id in its parts.
  public init(caseID: String, commitment: String, round: Int32, level: String, revision: Int32) {
    self.caseID = caseID
    self.commitment = commitment
    self.round = round
    self.level = level
    self.revision = revision
  }

  /// Reads an id from its end, for the number of a case may hold slashes; nil if it is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 4, let revision = Int32(parts[parts.count - 1]), let round = Int32(parts[parts.count - 3]),
      revision > 0, round > 0, !parts[parts.count - 2].isEmpty, !parts[parts.count - 4].isEmpty
    else { return nil }
    self.init(
      caseID: parts.dropLast(4).joined(separator: "/"), commitment: String(parts[parts.count - 4]), round: round,
      level: String(parts[parts.count - 2]), revision: revision)
    if caseID.isEmpty, parts.count > 4 { return nil }
  }

  /// Whether it is about a share.
  public var isShare: Bool { caseID.isEmpty }

  /// The id as it is written.
  public var description: String {
    let own = "\(commitment)/\(round)/\(level)/\(revision)"
    return isShare ? own : "\(caseID)/\(own)"
  }
}
