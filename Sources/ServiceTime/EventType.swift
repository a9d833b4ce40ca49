/// The type of an event: one of the life-cycle types, which have a rank, or any other text, which has the last.
public struct EventType: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  /// The type's name as events carry it.
  public let name: String
  /// Place in the life-cycle order; `unknownRank` for unknown types.
  public let rank: UInt8

  /// The type of a name, known or not.
  public init(_ name: String) {
    // Few names are of one length, and none of another is looked at.
    let count = name.utf8.count
    if count < EventType.byLength.count {
      for known in EventType.byLength[count] where known.name.sameBytes(name) {
        self.name = known.name
        rank = known.rank
        return
      }
    }
    self.name = name
    rank = EventType.unknownRank
  }

  /// The type of a literal name.
  public init(stringLiteral value: String) { self.init(value) }

  /// The life-cycle types in rank order.
  public static let lifeCycle = [
    "submitted", "accepted", "correction_requested", "correction_received", "suspended", "resumed", "extended",
    "step_started", "step_completed", "notice_published", "objection_raised", "notice_ended", "rejected",
    "completed", "reopened", "withdrawn", "voided",
  ]
  /// Ranks of the types that mean the same to every commitment: known without a look at a table.
  public enum Rank {
    /// Of `extended`.
    public static let extended: UInt8 = 6
    /// Of `rejected`.
    public static let rejected: UInt8 = 12
    /// Of `reopened`.
    public static let reopened: UInt8 = 14
    /// Of `voided`.
    public static let voided: UInt8 = 16
  }
  /// The rank of unknown types, after all others.
  public static let unknownRank: UInt8 = 255

  /// The life-cycle types by the lengths of their names.
  private static let byLength: [[(name: String, rank: UInt8)]] = {
    var byLength: [[(name: String, rank: UInt8)]] = []
    for (rank, name) in lifeCycle.enumerated() {
      while byLength.count <= name.utf8.count { byLength.append([]) }
      byLength[name.utf8.count].append((name, UInt8(rank)))
    }
    return byLength
  }()

  /// Whether the type is one of the life cycle.
  public var isKnown: Bool { rank != EventType.unknownRank }
  /// The type of an event that voids another.
  public static let voided = EventType("voided")
  /// The type of an event that extends a limit.
  public static let extended = EventType("extended")
  /// The type of an event that reopens a stopped clock.
  public static let reopened = EventType("reopened")
  /// The type of a refusal, after which a new start is a new round.
  public static let rejected = EventType("rejected")

  public static func == (a: EventType, b: EventType) -> Bool {
    a.rank == b.rank && (a.rank != unknownRank || a.name.sameBytes(b.name))
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    if rank == EventType.unknownRank { hasher.combine(name) }
  }

  /// The name.
  public var description: String { name }
}
