import LibPQ
import ServiceTime

/// Walks the cases that a change of rules can touch, page by page, and judges them again, all on one connection.
struct JudgedCases {
  /// What moves in the pages so far.
  private(set) var moves = Moves()
  /// The same, as a digest.
  private(set) var fingerprint = Fingerprint()
  private var walk: TouchedCases
  private let change: Refolder.Change

  /// A walk inside the caller's transaction.
  init(
    _ touched: TouchedCases.Question, _ change: Refolder.Change, _ session: inout Session
  ) throws(PostgresError) {
    walk = try TouchedCases(touched, &session)
    self.change = change
    try KeyLookups.begin(&session)
  }

  /// What it takes to bring the rows of the next page up to the change; nil at the end. Each case of which something
  /// moves is handed to `each`.
  mutating func next(
    _ session: inout Session, each: (CaseMove) -> Void = { _ in }
  ) throws(PostgresError) -> ProjectionDelta? {
    guard let batch = try walk.next(&session) else { return nil }
    let page = try batch.page(change, &session)
    moves.cases += page.cases.count
    return try Refolder.judge(page, change.rulebook, change.reason, change.moment, &session) { move in
      moves.take(move)
      fingerprint.take(move)
      each(move)
    }
  }
}
