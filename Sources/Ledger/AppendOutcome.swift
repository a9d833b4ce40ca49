import ServiceTime

/// What became of a batch.
public struct AppendOutcome: Sendable, Equatable {
  /// Events that are new in the ledger.
  public var new = 0
  /// Events that were there already and say the same.
  public var duplicate = 0
  /// Lines in quarantine, conflicts among them.
  public var quarantined = 0
  /// The ledger's last position then; projections that have reached it show the batch.
  public var position: Int64 = 0
  /// Whether it was the first delivery of a feed that had counted as silent.
  public var hasResumed = false
  /// Of such a feed, when it had last delivered.
  public var silentSince: Instant?

  /// Nothing yet.
  public init() {}

  /// All events and rejects together.
  public var read: Int { new + duplicate + quarantined }

  /// Adds another batch's outcome.
  public static func += (a: inout AppendOutcome, b: AppendOutcome) {
    a.new += b.new
    a.duplicate += b.duplicate
    a.quarantined += b.quarantined
    a.position = max(a.position, b.position)
    a.hasResumed = a.hasResumed || b.hasResumed
    a.silentSince = a.silentSince ?? b.silentSince
  }
}
