/// `bizclock.alert_history`: what an alert's row said before it was amended, withdrawn or raised anew.
///
/// Whoever changes a row keeps it in the same statement, which sees it as it was.
enum AlertHistory {
  /// The columns of a former row; the last is the moment up to which it was known.
  static let columns = """
    case_id, commitment, round, level, revision, due_at, level_at, resolved_at, withdrawn_at, amended_at, \
    feed_stalled, retrospective, priority, change_reason, known_until
    """
  /// The same of a row `a` of `bizclock.alert`, but for the moment.
  static let former = """
    a.case_id, a.commitment, a.round, a.level, a.revision, a.due_at, a.level_at, a.resolved_at, a.withdrawn_at, \
    a.amended_at, a.feed_stalled, a.retrospective, a.priority, a.change_reason
    """
}
