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
  /// What was selected and is of no case that is there.
  private(set) var strays: [Stray] = []

  /// A row of a case of which there is no event.
  enum Stray: Sendable {
    case row(CaseRow)
    case clock(ClockRow)
    case alert(AlertRow)
  }

  /// Reads what there is of some cases; of their events those up to a position.
  init(
    _ selection: CaseSelection, through position: Int64, rows: Bool = true, _ session: inout Session
  ) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(EventRows.columns) FROM bizclock.event WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    let cases = try EventRows.byCase(found, through: position, &session)
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
    try take(found, CaseRows.read, of: \.caseID, stray: Stray.row) { $0.row = $1 }
  }

  private mutating func readClocks(_ selection: CaseSelection, _ session: inout Session) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(ClockRows.columns) FROM bizclock.clock WHERE \(selection.condition) ORDER BY case_id",
      selection.parameters)
    try take(found, ClockRows.read, of: \.caseID, stray: Stray.clock) { $0.clocks.append($1) }
  }

  private mutating func readAlerts(_ selection: CaseSelection, _ session: inout Session) throws(PostgresError) {
    let found = try session.execute(
      "SELECT \(AlertRows.columns) FROM bizclock.alert t WHERE \(selection.condition) AND case_id <> '' ORDER BY case_id",
      selection.parameters)
    try take(found, AlertRows.read, of: \.key.caseID, stray: Stray.alert) { $0.alerts[$1.key] = $1 }
  }

  /// Gives rows, ascending by their cases' ids, to the cases that are there.
  private mutating func take<Row>(
    _ found: QueryResult, _ read: (QueryResult, Int) throws(PostgresError) -> Row, of caseID: (Row) -> Identifier,
    stray: (Row) -> Stray, _ add: (inout CaseBefore, Row) -> Void
  ) throws(PostgresError) {
    var place = 0
    for number in 0..<found.rowCount {
      let row = try read(found, number)
      if go(to: caseID(row), &place) { add(&cases[place].before, row) } else { strays.append(stray(row)) }
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
