import LibPQ
import ServiceTime
import Synchronization

extension Verifier {
  /// Into how many ranges of cases the ledger is cut: so many that neither connection waits long for the other at the
  /// end.
  private static let ranges: Int32 = 32

  /// Compares on two connections that see the same, each folding a part of the cases, while ingest goes on.
  ///
  /// - Parameters:
  ///   - base: the rules that the rulebook was compiled from; if others came into force since, an error says so.
  ///   - folded: is told again and again how many events have been folded, and how many there are about.
  public static func verify(
    _ rulebook: Rulebook, over base: Rules.InForce, on first: Connection, and second: Connection,
    folded: @escaping @Sendable (_ events: Int, _ of: Int64) -> Void
  ) async throws -> Report {
    let view = try await commonView(over: base, [first, second])
    let bounds = try await first.run { try Verifier.bounds(&$0) }
    let next = Mutex(0)
    let events = Mutex(0)
    @Sendable func half(_ session: inout Session) throws -> Part {
      var part = Part()
      while true {
        let range = next.withLock { next -> Int in
          defer { next += 1 }
          return next
        }
        guard range <= bounds.count else { return part }
        var pages = CasePages(
          through: view.position, after: range == 0 ? nil : bounds[range - 1],
          until: range == bounds.count ? nil : bounds[range])
        try part.compare(&pages, rulebook, view, &session) { count in
          let sum = events.withLock { events -> Int in
            events += count
            return events
          }
          folded(sum, view.position)
        }
      }
    }
    async let other = second.run { try half(&$0) }
    var part = try await first.run { try half(&$0) }
    part.add(try await other)
    let cases = part
    let middle = cases.middleDay
    async let later = second.run { session in
      defer { session.rollbackQuietly() }
      return try cases.differingCells(from: middle, &session)
    }
    part.report.add(
      try await first.run { session in
        defer { session.rollbackQuietly() }
        var report = try cases.differingCells(before: middle, &session)
        try KeyLookups.end(&session)
        try compareShares(cases.shares, rulebook, through: view.sharesThrough, &report, &session)
        return report
      })
    part.report.add(try await later)
    return part.report
  }

  /// Begins a transaction on each that sees the same projections: all that changes them moves the projector's row first.
  static func commonView(
    over base: Rules.InForce? = nil, _ connections: [Connection]
  ) async throws -> View {
    @Sendable func begin(_ session: inout Session) throws -> View {
      session.rollbackQuietly()
      try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
      return try View(over: base, &session)
    }
    while true {
      try Task.checkCancellation()
      var views: [View] = []
      for connection in connections { views.append(try await connection.run { try begin(&$0) }) }
      // A leader at work moves the row many times a second, and not between any two moments.
      if let first = views.first, views.allSatisfy({ $0 == first }) { return first }
    }
  }

  /// Cases that cut the ledger into ranges of about the same size; ascending. Any would do: only the speed hangs on them.
  private static func bounds(_ session: inout Session) throws(PostgresError) -> [Identifier] {
    let found = try session.execute(
      """
      SELECT DISTINCT b COLLATE "C" FROM (
        SELECT unnest(percentile_disc(array(SELECT i::float8 / $1 FROM generate_series(1, $1 - 1) AS i))
          WITHIN GROUP (ORDER BY case_id)) AS b
        FROM bizclock.case_file TABLESAMPLE BERNOULLI (10)
      ) s WHERE b IS NOT NULL ORDER BY 1
      """, [.int4(ranges)])
    var bounds: [Identifier] = []
    for row in 0..<found.rowCount { bounds.append(Identifier(try found.text(row, 0))) }
    return bounds
  }
}
