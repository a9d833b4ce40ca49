import LibPQ
import ServiceTime

/// Walks the whole ledger case by case, in the order of case ids, in pages of bounded size.
struct CasePages {
  private var after: Identifier?
  private let until: Identifier?
  private var limit: Int64
  private let pageSize: Int64
  private var done = false
  let through: Int64

  /// A walk over events up to a position, about `pageSize` events at a time; of the cases after one, through another.
  init(through: Int64, after: Identifier? = nil, until: Identifier? = nil, pageSize: Int64 = 20_000) {
    self.through = through
    self.after = after
    self.until = until
    limit = pageSize
    self.pageSize = pageSize
  }

  /// Some cases, ascending by id, with all their events.
  struct Page: Sendable {
    var cases: [(Identifier, [StoredEvent])]
    /// All cases that can lie between those of the page before and those of the next, events or not.
    var span: CaseSelection
  }

  /// The next cases; nil at the end. The spans of all pages together leave nothing out: of the last there may be no case.
  /// Sizes are bounded by events: where a ledger has lost many, a span holds what is left of all their cases.
  mutating func next(_ session: inout Session) throws(PostgresError) -> Page? {
    guard !done else { return nil }
    while true {
      let found = try session.execute(
        """
        SELECT \(EventRows.columns) FROM bizclock.event
        WHERE case_id > $1 AND position <= $2 AND ($4::text IS NULL OR case_id <= $4) ORDER BY case_id LIMIT $3
        """, [.text(after?.text ?? ""), .int8(through), .int8(limit), .text(until?.text)])
      var cases = try EventRows.byCase(found, &session)
      if found.rowCount < Int(limit) {
        done = true
        return Page(cases: cases, span: .after(after, through: until))
      }
      // The last case may be cut short; one that fills the page by itself needs a larger one.
      cases.removeLast()
      guard let last = cases.last?.0 else {
        limit *= 4
        continue
      }
      limit = pageSize
      defer { after = last }
      return Page(cases: cases, span: .after(after, through: last))
    }
  }
}
