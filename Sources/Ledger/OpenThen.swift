import LibPQ
import ServiceTime

/// The clocks that were open at a past moment. No table keeps them: cases are folded again from the events that were
/// projected by then, by the rules that were in force, as of the time when the projections had last moved.
enum OpenThen {
  /// Clocks open, and of these past due at the moment.
  struct Count {
    var open: Int64 = 0
    var overdue: Int64 = 0
  }

  /// Counts the clocks by a key.
  ///
  /// Where the rules are still the same, what has not changed since is open now: only such cases are folded, and
  /// those of later events. Else it is every case, at the speed of `verify`.
  static func count(
    _ known: KnownThen, _ rulebook: Rulebook, _ session: inout Session,
    by keys: (Clock, CaseRow) -> [[Identifier]]
  ) throws(PostgresError) -> [[Identifier]: Count] {
    var counts: [[Identifier]: Count] = [:]
    var life = SignOfLife()
    func add(
      _ cases: [(Identifier, [StoredEvent])], _ session: inout Session
    ) throws(PostgresError) {
      for (caseID, events) in cases {
        try life.folded(&session, events: events.count)
        let fold = CaseFold(events: events.map(\.event), rulebook: rulebook)
        let open = fold.clocks(asOf: known.recordedAt).filter {
          $0.isOpen && rulebook.calendars[$0.calendar] != nil
        }
        guard !open.isEmpty else { continue }
        let row = CaseRow(caseID: caseID, fold: fold, rulebook: rulebook)
        for clock in open {
          for key in keys(clock, row) {
            counts[key, default: Count()].open += 1
            if let due = clock.dueAt, due < known.at { counts[key]?.overdue += 1 }
          }
        }
      }
    }
    let now = try Rules.numbersInForce(&session)
    if now.policy == known.policy && now.calendar == known.calendar {
      var rest = try candidates(known, &session)[...]
      try KeyLookups.begin(&session)
      while !rest.isEmpty {
        let page = Array(rest.prefix(2_000))
        rest = rest.dropFirst(2_000)
        let events = try CaseReader.events(page, through: known.position, &session)
        try add(page.compactMap { id in events[id].map { (id, $0) } }, &session)
      }
    } else {
      try KeyLookups.begin(&session)
      var pages = CasePages(through: known.position)
      while let page = try pages.next(&session) { try add(page.cases, &session) }
    }
    try KeyLookups.end(&session)
    return counts
  }

  /// The cases that may have had open clocks, if the rules have not changed since.
  private static func candidates(
    _ known: KnownThen, _ session: inout Session
  ) throws(PostgresError) -> [Identifier] {
    let found = try session.execute(
      """
      SELECT case_id FROM bizclock.event WHERE position > $1
      UNION SELECT case_id FROM bizclock.clock WHERE state IN ('running', 'paused')
      """, [.int8(known.position)])
    var ids: [Identifier] = []
    ids.reserveCapacity(found.rowCount)
    for row in 0..<found.rowCount { ids.append(Identifier(try found.text(row, 0))) }
    return ids
  }
}
