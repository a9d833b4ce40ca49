import LibPQ
import ServiceTime

/// Some cases, ascending by their ids, each with all its events, its rows and its alerts.
struct CasePage: Sendable {
  /// A case of the page.
  struct Case: Sendable {
    let caseID: Identifier
    let events: [StoredEvent]
    var before = CaseBefore()
  }
  private(set) var cases: [Case]
  /// Whether the cases' own rows were read; else they are as the events tell.
  let hasRows: Bool

  /// Reads what there is of some cases; of their events those up to a position.
  init(
    _ selection: CaseSelection, through position: Int64, rows: Bool = true, _ session: inout Session
  ) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(EventRows.columns) FROM bizclock.event WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    var cases: [(Identifier, [StoredEvent])] = []
    for row in 0..<found.rowCount {
      let stored = try EventRows.read(found, row)
      guard stored.position <= position else { continue }
      // Only the id is looked at: the events held a second time would be copied by each that is added.
      if cases.last?.0 == stored.event.caseID {
        cases[cases.count - 1].1.append(stored)
      } else {
        cases.append((stored.event.caseID, [stored]))
      }
    }
    try self.init(cases, selection, rows: rows, &session)
  }

  /// Reads what there is of some cases beside their events: of those selected.
  init(
    _ cases: [(Identifier, [StoredEvent])], _ selection: CaseSelection, rows: Bool = true, _ session: inout Session
  ) throws(PostgresError) {
    self.cases = cases.map { Case(caseID: $0.0, events: $0.1) }
    hasRows = rows
    if rows { try readRows(selection, &session) }
    try readClocks(selection, &session)
    try readAlerts(selection, &session)
  }

  /// Leaves out all but some, given by ascending ids.
  mutating func keep(_ caseIDs: [Identifier]) {
    guard caseIDs.count < cases.count else { return }
    var next = 0
    cases.removeAll { there in
      while next < caseIDs.count, caseIDs[next] < there.caseID { next += 1 }
      return next == caseIDs.count || caseIDs[next] != there.caseID
    }
  }

  // MARK: - Reading

  private mutating func readRows(_ selection: CaseSelection, _ session: inout Session) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(CaseRows.columns) FROM bizclock.case_file WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    var place = 0
    for row in 0..<found.rowCount {
      let read = try CaseRows.read(found, row)
      if go(to: read.caseID, &place) { cases[place].before.row = read }
    }
  }

  private mutating func readClocks(_ selection: CaseSelection, _ session: inout Session) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(ClockRows.columns) FROM bizclock.clock WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    var place = 0
    for row in 0..<found.rowCount {
      let read = try ClockRows.read(found, row)
      if go(to: read.caseID, &place) { cases[place].before.clocks.append(read) }
    }
  }

  private mutating func readAlerts(_ selection: CaseSelection, _ session: inout Session) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(AlertRows.columns) FROM bizclock.alert t WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    var place = 0
    for row in 0..<found.rowCount {
      let read = try AlertRows.read(found, row)
      if go(to: read.key.caseID, &place) { cases[place].before.alerts[read.key] = read }
    }
  }

  /// Goes on to a case, and says whether it is there: rows ascend by ids, too.
  private func go(to caseID: Identifier, _ place: inout Int) -> Bool {
    while place < cases.count {
      let there = cases[place].caseID
      if there == caseID { return true }
      if caseID < there { return false }
      place += 1
    }
    return false
  }
}
