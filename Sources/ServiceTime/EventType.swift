/// The type of an event: one of the life-cycle types, which have a rank, or any other text, which has the last.
public struct EventType: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  /// The type's name as events carry it.
  public let name: String
  /// Place in the life-cycle order; `unknownRank` for unknown types.
  public let rank: UInt8

  /// The type of a name, known or not.
  public init(_ name: String) {
    self.name = name
    self.rank = EventType.ranks[name] ?? EventType.unknownRank
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

  static let ranks: [String: UInt8] = Dictionary(
    uniqueKeysWithValues: lifeCycle.enumerated().map { ($0.element, UInt8($0.offset)) })

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
