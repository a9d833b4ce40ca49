import Foundation
import LibPQ
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon

/// Guarantee 2: kill -9 of the daemon or of the database at named points of a load, then again: the same result as
/// an undisturbed run.
@Suite(.serialized) struct KillTests {
  /// Where in its work the daemon is when the blow falls.
  enum Point: String, CaseIterable, CustomTestStringConvertible {
    /// The batch is copied into the ledger, nothing is committed.
    case appending
    /// The batch is committed, its file is not moved away yet.
    case appended
    /// Clocks are written, metric cells are not; nothing is committed.
    case projecting
    /// Alerts are written, their log lines are not; nothing is committed.
    case alerting
    /// Log lines are written, and still in the queue.
    case logging

    var testDescription: String { rawValue }
    /// The table whose lock stops the daemon there.
    var table: String? {
      switch self {
      case .appending: "bizclock.feed"
      case .projecting: "bizclock.metric_cell"
      case .alerting: "bizclock.log_outbox"
      case .appended, .logging: nil
      }
    }
  }

  enum Victim: String, CaseIterable { case daemon, database }

  @Test(arguments: Victim.allCases) func theSameAsUndisturbed(_ victim: Victim) async throws {
    let seed = UInt64.random(in: 1...1_000_000)
    print("KillTests: victim \(victim.rawValue), seed \(seed)")
    var random = SeededRandom(seed: seed)
    let load = try Load(seed: seed, files: 12)
    let expected = try await undisturbed(load)

    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let office = try OfficeFolder(conninfo: server.conninfo)
    defer { office.remove() }
    try await office.migrate()
    var logs: [DaemonProcess] = []
    var daemon = try office.start()
    logs.append(daemon)
    try await daemon.logged("ready")
    var files = load.files[...]
    for point in Point.allCases.shuffled(using: &random) {
      let context = "seed \(seed), at \(point.rawValue)"
      let barrier = if let table = point.table { try await Barrier(table, server.conninfo) } else { Barrier?.none }
      let before = daemon.lines.count
      for file in files.prefix(2) { try office.put(file) }
      files = files.dropFirst(2)
      switch point {
      case .appending, .projecting, .alerting: try await barrier?.reached()
      case .appended: try await office.appended()
      case .logging:
        let daemon = daemon
        try await TestDeadline.within(.seconds(60), "a line about an alert, \(context)") {
          while !daemon.lines.dropFirst(before).contains(where: { $0.contains("alert.") }) {
            try Task.checkCancellation()
            await Task.yield()
          }
        }
      }
      switch victim {
      case .daemon:
        daemon.signal(SIGKILL)
        #expect(try await daemon.exit() == 128 + SIGKILL)
        await barrier?.open()
        daemon = try office.start()
        logs.append(daemon)
      case .database:
        try server.kill()
        await barrier?.open()
        try await server.start()
      }
    }
    for file in files { try office.put(file) }
    try await office.finished(load)
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)

    let found = try await office.result()
    #expect(found.count == expected.count, "seed \(seed)")
    for (there, here) in zip(expected, found) where there != here {
      Issue.record("seed \(seed): \(here) instead of \(there)")
      break
    }
    // Each alert is in the log, though it may be there twice after a blow.
    let logged = Set(logs.flatMap(\.records).filter { $0["event"] == "alert.raised" }.compactMap { $0["alert_id"] })
    let raised = Set(
      try await TestQuery.rows(
        server.conninfo, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective"
      ).map { $0[0] })
    #expect(raised.count > 20)
    #expect(raised.subtracting(logged).isEmpty, "seed \(seed)")
    let unlogged = try await TestQuery.rows(
      server.conninfo, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective AND logged_at IS NULL")
    #expect(unlogged.isEmpty, "seed \(seed)")
  }

  private func undisturbed(_ load: Load) async throws -> [String] {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      for file in load.files { try office.put(file) }
      let daemon = try office.start()
      try await office.finished(load)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      return try await office.result()
    }
  }
}

/// A load: simulated cases out of order, some events twice, a bad line in every file.
struct Load: Sendable {
  struct File: Sendable {
    var name: String
    var bytes: [UInt8]
  }
  var files: [File] = []

  init(files: [File]) { self.files = files }

  init(seed: UInt64, files count: Int) throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    // Old enough that no level of it is reached while the test runs, young enough that its levels still page.
    let today = calendar.date(of: SystemClock().now())
    let simulator = Simulator(
      seed: seed, cases: 150, from: today + -110, to: today + -50, calendar: calendar)
    var delivery = Delivery(
      simulator, zone: calendar.zone, seed: seed, shuffled: true, duplicatePercent: 20, parts: count)
    while let chunk = delivery.next() {
      if files.count < chunk.part {
        files.append(
          File(name: "\(chunk.part).ndjson", bytes: Array("{\"case_id\":\"bad \(chunk.part)\"}\n".utf8)))
      }
      files[chunk.part - 1].bytes += chunk.bytes
    }
  }
}

/// A daemon's folder: configuration, spool, and what it makes of its database.
final class OfficeFolder: Sendable {
  let path: String
  let conninfo: String
  var spool: String { path + "/spool" }

  init(conninfo: String) throws {
    self.conninfo = conninfo
    path = "/tmp/bizclock-office-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path + "/spool", withIntermediateDirectories: true)
    // Old cases page too: these tests count log lines.
    try """
    database: "\(conninfo)"
    state_directory: \(path)/state
    feeds: [{ name: office, source: office, kind: spool, directory: \(path)/spool, format: ndjson }]
    alerts: { retrospective_after: 10000h }
    policy: \(path)/policy.yaml

    """.write(toFile: path + "/bizclock.yaml", atomically: true, encoding: .utf8)
    let documents = try PolicyDocuments.shipped()
    try documents.policyText.write(toFile: path + "/policy.yaml", atomically: true, encoding: .utf8)
    for (name, text) in documents.files {
      try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
  }

  func migrate() async throws {
    let configuration = try Configuration.load(path + "/bizclock.yaml", environment: [:])
    let installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    _ = try await installation.migrate(now: SystemClock().now())
  }

  func start() throws -> DaemonProcess { try DaemonProcess(["run", "--config", path + "/bizclock.yaml"]) }

  func put(_ file: Load.File) throws {
    try Data(file.bytes).write(to: URL(filePath: "\(spool)/\(file.name).part"))
    #expect(rename("\(spool)/\(file.name).part", "\(spool)/\(file.name)") == 0)
  }

  /// Waits until a batch has been committed.
  func appended() async throws {
    let connection = try await Connection.connect(conninfo)
    try await connection.listen(["bizclock_ledger"])
    try await TestDeadline.within(.seconds(60), "a commit") {
      while try await connection.notifications(within: 500).isEmpty { try Task.checkCancellation() }
    }
    await connection.close()
  }

  /// Waits until everything put in is projected, logged and moved away.
  func finished(_ load: Load) async throws {
    let (conninfo, spool) = (conninfo, spool)
    try await TestDeadline.within(.seconds(120), "the load to be finished") {
      let done = """
        SELECT (p.position = h.position AND NOT EXISTS (SELECT FROM bizclock.log_outbox)
          AND NOT EXISTS (SELECT FROM bizclock.clock WHERE next_level_at <= now()))::text
        FROM bizclock.projector p, bizclock.ledger_head h
        """
      while true {
        try Task.checkCancellation()
        let moved = (try? FileManager.default.contentsOfDirectory(atPath: spool + "/done"))?.count ?? 0
        if moved >= load.files.count, (try? await TestQuery.rows(conninfo, done)) == [["true"]] { return }
      }
    }
  }

  /// All that the database tells, and the bad lines.
  func result() async throws -> [String] {
    let connection = try await Connection.connect(conninfo)
    var lines = try await connection.run { try ProjectionDump.read(&$0) }
    await connection.close()
    lines += try await TestQuery.rows(
      conninfo,
      """
      SELECT concat_ws('/', feed, origin, code, line, convert_from(bytes, 'UTF8')) FROM bizclock.quarantine
      ORDER BY 1
      """
    ).map { $0[0] }
    return lines
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
