import LibPQ
import ServiceTime

/// Walks the cases that a change of rules can touch, in the order of case ids, in pages of bounded size.
struct TouchedCases {
  /// Which cases are asked for.
  struct Question: Sendable {
    var reach: RuleReach
    /// The first midnight at which a date begins in any of the calendars.
    var midnight: @Sendable (CivilDate) -> Instant
    /// Cases to be judged whatever the change: edges of closures have passed unseen.
    var crossed: [Identifier]
    /// How far events count.
    var position: Int64
  }

  private enum Walk {
    case none
    case all(CasePages)
    /// A cursor of the caller's transaction; it stands for the moment at which it was opened.
    case some
  }
  private var walk: Walk
  private static let pageSize = 4_000

  init(_ question: Question, _ session: inout Session) throws(PostgresError) {
    let crossed = Parameter.textArray(question.crossed.map(\.text))
    switch question.reach {
    case .everything:
      walk = .all(TouchedCases.all(question))
    case .nothing where question.crossed.isEmpty:
      walk = .none
    case .nothing:
      _ = try session.execute(
        "DECLARE touched NO SCROLL CURSOR FOR SELECT c FROM unnest($1::text[]) AS c ORDER BY c COLLATE \"C\"",
        [crossed])
      walk = .some
    case .from(let date):
      let since: [Parameter] = [.date(date.dayNumber), .timestamptz(question.midnight(date).microseconds)]
      if try TouchedCases.areMost(since, &session) {
        walk = .all(TouchedCases.all(question))
        return
      }
      _ = try session.execute(
        """
        DECLARE touched NO SCROLL CURSOR FOR
        SELECT case_id FROM bizclock.clock WHERE \(TouchedCases.clocksSince)
        UNION SELECT case_id FROM bizclock.case_file WHERE last_occurred_at >= $2
        UNION SELECT c FROM unnest($3::text[]) AS c
        ORDER BY 1
        """, since + [crossed])
      walk = .some
    }
  }

  /// All cases; a page may hold as many as it has events.
  private static func all(_ question: Question) -> CasePages {
    CasePages(through: question.position, pageSize: 2 * Int64(pageSize))
  }

  /// Which clocks a change can touch that makes a difference from a date ($1) and its first midnight ($2) on.
  private static let clocksSince = """
    (state IN ('running', 'paused') OR due_at IS NULL OR due_day >= $1 OR due_at >= $2 OR mark_day >= $1
      OR level_at[cardinality(level_at)] >= $2)
    """

  /// Whether nearly all clocks are touched, by some of them: then to walk all cases costs less than to sort out which.
  /// The same sample for the same rows, so that as many cases are judged when a change is applied as when it was shown.
  private static func areMost(_ since: [Parameter], _ session: inout Session) throws(PostgresError) -> Bool {
    let found = try session.execute(
      """
      SELECT count(*) FILTER (WHERE \(clocksSince)), count(*) FROM bizclock.clock TABLESAMPLE SYSTEM (0.5) REPEATABLE (1)
      """, since)
    let (touched, all) = (try found.int8(0, 0), try found.int8(0, 1))
    return all >= 100 && touched >= all - all / 4
  }

  /// The next cases, ascending by id; nil at the end.
  mutating func next(_ session: inout Session) throws(PostgresError) -> Batch? {
    switch walk {
    case .none: return nil
    case .all(var pages):
      let page = try pages.next(&session)
      walk = .all(pages)
      return page.map(Batch.read)
    case .some:
      let found = try session.execute("FETCH FORWARD \(TouchedCases.pageSize) FROM touched")
      guard found.rowCount > 0 else {
        try session.execute("CLOSE touched")
        walk = .none
        return nil
      }
      var ids: [Identifier] = []
      ids.reserveCapacity(found.rowCount)
      for row in 0..<found.rowCount { ids.append(Identifier(try found.text(row, 0))) }
      return .named(ids)
    }
  }

  /// Some of the cases, by ascending ids. What there is of them may be read on another connection that sees the same.
  enum Batch: Sendable {
    /// Cases of which nothing has been read yet.
    case named([Identifier])
    /// Cases with all their events.
    case read(CasePages.Page)

    /// All that there is of the cases that a change needs; of their events those up to its position.
    func page(_ change: Refolder.Change, _ session: inout Session) throws(PostgresError) -> CasePage {
      switch self {
      case .named(let ids):
        var page = try CasePage(
          CaseSelection.near(ids, &session), through: change.position, rows: !change.keepsRows, &session)
        page.keep(ids)
        return page
      case .read(let page):
        return try CasePage(page.cases, page.span, rows: !change.keepsRows, &session)
      }
    }
  }
}
