import Foundation
import LibPQ
import ServiceTime

/// Compares what the database, the directories and the logs hold with what was handed over.
struct Audit: Sendable {
  let office: Office
  let server: Server
  let truth: Truth
  let book: LogBook
  let commands: Commands
  let findings: Findings

  /// How far the service is.
  struct Progress: Sendable, Equatable, CustomStringConvertible {
    var files = 0
    var projected = ""
    var head = ""
    var lines = ""
    var due = ""
    /// The server's clock, in microseconds.
    var now: Int64 = 0
    /// What went wrong when asking.
    var trouble: String?

    var isDone: Bool { trouble == nil && files == 0 && projected == head && lines == "0" && due == "0" }
    var description: String {
      trouble
        ?? "\(files) files left, projected \(projected) of \(head), \(lines) log lines waiting, \(due) levels due"
    }
    static func == (a: Progress, b: Progress) -> Bool { a.description == b.description }
  }

  /// Asks how far everything is.
  func progress() async -> Progress {
    var progress = Progress()
    for spool in Office.Spool.allCases {
      let names =
        (try? FileManager.default.contentsOfDirectory(atPath: "\(office.path)/spool/\(spool.rawValue)")) ?? []
      progress.files += names.count { $0 != "done" }
    }
    do {
      let row = try await server.ask(
        """
        SELECT p.position::text, h.position::text,
          (SELECT count(*) FROM bizclock.log_outbox WHERE event <> 'alert.summary')::text,
          (SELECT count(*) FROM bizclock.clock WHERE next_level_at <= now())::text,
          (extract(epoch FROM now()) * 1000000)::int8::text
        FROM bizclock.projector p, bizclock.ledger_head h
        """)
      let values = row.first?.map { $0 ?? "" } ?? []
      guard values.count == 5 else { throw Child.Failure(description: "the projector's row is not there") }
      (progress.projected, progress.head, progress.lines, progress.due) = (
        values[0], values[1], values[2], values[3]
      )
      progress.now = Int64(values[4]) ?? 0
    } catch { progress.trouble = "the database does not answer (\(error)) \(server.lastTrouble)" }
    return progress
  }

  /// Everything; `settled` is an instant up to which every level has been raised and logged. Events are compared past
  /// a position.
  func run(settled: Int64, eventsAfter position: Int64) async throws {
    files()
    try await events(after: position)
    try await quarantine()
    let verified = await commands.run(["verify", "--config", office.one], limit: .seconds(300))
    if verified.status != 0 {
      findings.add("verify ended with status \(verified.status):\n\(verified.output.prefix(4_000))")
    }
    try await alerts(settled)
    try await liveAlerts(settled)
  }

  private func files() {
    for (directory, name) in truth.files {
      if access("\(directory)/done/\(name)", F_OK) != 0 { findings.add("\(name) is not in \(directory)/done") }
    }
  }

  /// Each event once, as it was written, and nothing else; positions without a gap.
  private func events(after position: Int64) async throws {
    let sums = try await server.ask(
      """
      SELECT count(*)::text, count(DISTINCT position)::text, coalesce(max(position), 0)::text,
        coalesce(min(position), 1)::text, (SELECT position FROM bizclock.ledger_head)::text
      FROM bizclock.event
      """)
    let values = sums.first?.map { $0 ?? "" } ?? []
    if Set(values.prefix(3) + values.suffix(1)).count != 1 || values[3] != "1" {
      findings.add(
        "positions have gaps: \(values[0]) events, \(values[1]) positions from \(values[3]) to \(values[2]), the ledger ends at \(values[4])"
      )
    }
    if values.first != "\(truth.eventCount)" {
      findings.add("\(truth.eventCount) events were handed over, the ledger has \(values.first ?? "?")")
      let there = Set(try await server.ask("SELECT case_id, source, event_id FROM bizclock.event").map(Audit.key))
      let given = truth.keys
      for key in given.subtracting(there).sorted().prefix(5) { findings.add("missing: \(Audit.shown(key))") }
      for key in there.subtracting(given).sorted().prefix(5) { findings.add("from nowhere: \(Audit.shown(key))") }
    }
    var wrong = 0
    for row in try await server.ask(
      "SELECT \(Truth.columns) FROM bizclock.event WHERE position > $1", [.int8(position)])
    {
      let (key, text) = Truth.read(row)
      guard truth.event(key) != text else { continue }
      wrong += 1
      if wrong <= 5 {
        findings.add(
          "\(Audit.shown(key)) is \(Audit.shown(text)), it was \(Audit.shown(truth.event(key) ?? "never sent"))")
      }
    }
  }

  /// Each bad line, whole, and nothing else.
  private func quarantine() async throws {
    let rows = try await server.ask(
      "SELECT origin, line::text, code, encode(bytes, 'hex'), coalesce(resolution, 'open') FROM bizclock.quarantine"
    )
    let bad = truth.bad
    var seen: Set<Truth.Place> = []
    for row in rows {
      let place = Truth.Place(origin: row[0] ?? "", line: Int(row[1] ?? "") ?? 0)
      guard let expected = bad[place] else {
        findings.add("quarantine has \(place) with \(row[2] ?? ""), which is no bad line")
        continue
      }
      seen.insert(place)
      let bytes = expected.bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
      if row[2] != expected.code || row[3] != bytes || row[4] != "open" {
        findings.add("quarantine has \(place) as \(row[2] ?? "") (\(row[4] ?? "")), it is \(expected.code)")
      }
    }
    for place in Set(bad.keys).subtracting(seen).sorted(by: { $0.description < $1.description }).prefix(5) {
      findings.add("not in quarantine: \(place), \(bad[place]?.code ?? "")")
    }
  }

  /// Each alert was logged after its commit, and only what was committed.
  private func alerts(_ settled: Int64) async throws {
    let told = Set(book.alerts.keys)
    let query = """
      SELECT alert_id, retrospective::text, (logged_at IS NOT NULL)::text,
        (amended_at IS NULL AND withdrawn_at IS NULL)::text,
        (extract(epoch FROM recorded_at) * 1000000)::int8::text,
        (logged_at IS NULL AND withdrawn_at IS NOT NULL AND change_reason = 'never_reached')::text
      FROM dashboard.alert
      """
    var rows = try await server.ask(query)
    // What was told while the database was away is settled within seconds of its return.
    let deadline = ContinuousClock.now + .seconds(45)
    while !told.isSubset(of: rows.map { $0[0] ?? "" }), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(250))
      rows = try await server.ask(query)
    }
    let known = Set(rows.map { $0[0] ?? "" })
    if known.count != rows.count { findings.add("\(rows.count) alerts have \(known.count) ids") }
    for id in told.subtracting(known).sorted().prefix(5) {
      findings.add("the log tells of alert \(id), which is not recorded")
    }
    let logged = await logged(rows.filter { Audit.isDue($0, settled) }.map { $0[0] ?? "" })
    var faults: [String] = []
    for row in rows {
      let id = row[0] ?? ""
      let lines = logged[id] ?? LogBook.Lines()
      if row[1] == "true", lines.raised > 0 { faults.append("alert \(id) is retrospective and was paged") }
      // A line that came before its commit tells of a record that was undone.
      let times = lines.recordedAt.map { Instant(rfc3339: $0)?.microseconds ?? 0 }
      if row[3] == "true", times.contains(where: { "\($0)" != row[4] }) {
        faults.append("alert \(id) was logged with another recorded_at")
      }
      guard Audit.isDue(row, settled) else { continue }
      if lines.raised == 0, !lines.isUnrecorded { faults.append("alert \(id) was never logged") }
      if row[2] == "false" { faults.append("alert \(id) has no logged_at") }
    }
    for fault in faults.prefix(10) { findings.add(fault) }
    if faults.count > 10 { findings.add("and \(faults.count - 10) more faults of alerts") }
  }

  /// Whether an alert must have been logged. One that was told perhaps, as its daemon was killed, and was not reached
  /// is recorded and withdrawn without a time.
  private static func isDue(_ row: [String?], _ settled: Int64) -> Bool {
    row[1] == "false" && row[5] != "true" && Int64(row[4] ?? "").map { $0 <= settled } ?? false
  }

  /// What was logged, once it holds some alerts or time is up: what a daemon has written is read a moment later.
  private func logged(_ ids: [String]) async -> [String: LogBook.Lines] {
    for _ in 0..<30 {
      let logged = book.alerts
      if ids.allSatisfy({ logged[$0] != nil }) { break }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return book.alerts
  }

  /// Those of live cases are what the times that were written make them, whatever the program thinks.
  private func liveAlerts(_ settled: Int64) async throws {
    let rows = try await server.ask(
      """
      SELECT alert_id, (extract(epoch FROM level_at) * 1000000)::int8::text FROM dashboard.alert
      WHERE case_id LIKE 'LV%' AND withdrawn_at IS NULL
      """)
    let there = Dictionary(rows.map { ($0[0] ?? "", Int64($0[1] ?? "") ?? 0) }, uniquingKeysWith: { $1 })
    let must = truth.liveAlerts(through: settled)
    let may = truth.liveAlerts(through: .max)
    for (id, at) in must.sorted(by: { $0.key < $1.key }).filter({ there[$0.key] != $0.value }).prefix(5) {
      findings.add("alert \(id) was reached at \(Instant(microseconds: at)) and does not stand for it")
    }
    for id in Set(there.keys).subtracting(may.keys).sorted().prefix(5) {
      findings.add("alert \(id) stands, but its level was never reached")
    }
  }

  private static func key(_ row: [String?]) -> String { row.map { $0 ?? "" }.joined(separator: "\u{1f}") }
  private static func shown(_ text: String) -> String {
    text.replacingOccurrences(of: "\u{1f}", with: "/").replacingOccurrences(of: "\u{0}", with: "–")
  }
}
