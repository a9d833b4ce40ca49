import ServiceTime

/// A row of `bizclock.alert`, as far as projecting needs it.
struct AlertRow: Sendable, Equatable {
  struct Key: Hashable, Sendable {
    /// Empty for an alert of a share, whose round is the number of its period.
    var caseID: Identifier
    var clock: ClockKey
    var level: String
    var revision: Int32
  }
  var key: Key
  var priority: Level.Priority
  var notify: Level.Addressee?
  var dueAt: Instant
  var levelAt: Instant
  var resolvedAt: Instant?
  var withdrawn: Bool
  /// Whether this change amends it; false as read.
  var amended: Bool
  var retrospective: Bool
  /// Whether a feed that brings its case's events was silent when it was raised.
  var feedStalled = false
  var changeReason: ChangeReason?
  /// When what told of it came, where the level had passed by then; nil where it was foreseen, and as read.
  var dataAt: Instant?
}
