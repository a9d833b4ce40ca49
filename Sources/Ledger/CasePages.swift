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

  /// The next cases with all their events, ascending by id; nil at the end.
  mutating func next(_ session: inout Session) throws(PostgresError) -> [(Identifier, [StoredEvent])]? {
    while !done {
      let found = try session.execute(
        """
        SELECT \(EventRows.columns) FROM bizclock.event
        WHERE case_id > $1 AND position <= $2 AND ($4::text IS NULL OR case_id <= $4) ORDER BY case_id LIMIT $3
        """, [.text(after?.text ?? ""), .int8(through), .int8(limit), .text(until?.text)])
      var cases: [(Identifier, [StoredEvent])] = []
      for row in 0..<found.rowCount {
        let stored = try EventRows.read(found, row)
        // Only the id is looked at: the events held a second time would be copied by each that is added.
        if cases.last?.0 == stored.event.caseID {
          cases[cases.count - 1].1.append(stored)
        } else {
          cases.append((stored.event.caseID, [stored]))
        }
      }
      if found.rowCount < Int(limit) {
        done = true
      } else {
        // The last case may be cut short; one that fills the page by itself needs a larger one.
        cases.removeLast()
        if cases.isEmpty {
          limit *= 4
          continue
        }
      }
      limit = pageSize
      after = cases.last?.0
      return cases.isEmpty ? nil : cases
    }
    return nil
  }
}
