import Foundation
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// A daemon's folder: configuration, spool, and what it makes of its database.
final class OfficeFolder: Sendable {
  let path: String
  let conninfo: String
  var spool: String { path + "/spool" }

  /// A folder; the daemon reaches the database as `daemon` says, the test in another way.
  init(conninfo: String, daemon: String? = nil) throws {
    self.conninfo = conninfo
    path = "/tmp/bizclock-office-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path + "/spool", withIntermediateDirectories: true)
    // Old cases page too: these tests count log lines.
    try """
    database: "\(daemon ?? conninfo)"
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

  private init(path: String, conninfo: String) {
    self.path = path
    self.conninfo = conninfo
  }

  /// The same folder, whose database the test asks in another way.
  func seen(at conninfo: String) -> OfficeFolder { OfficeFolder(path: path, conninfo: conninfo) }

  func migrate() async throws {
    let configuration = try Configuration.load(path + "/bizclock.yaml", environment: [:])
    let installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    _ = try await installation.migrate(now: SystemClock().now())
  }

  /// Starts the daemon, in a network namespace if one is named.
  func start(inside namespace: String? = nil) throws -> DaemonProcess {
    try DaemonProcess(["run", "--config", path + "/bizclock.yaml"], inside: namespace)
  }

  func put(_ file: Load.File) throws {
    try Data(file.bytes).write(to: URL(filePath: "\(spool)/\(file.name).part"))
    #expect(rename("\(spool)/\(file.name).part", "\(spool)/\(file.name)") == 0)
  }

  /// Waits until a batch has been committed.
  func appended() async throws {
    let connection = try await Connection.connect(conninfo)
    try await connection.listen(["bizclock_ledger"])
    try await TestDeadline.within(TestDeadline.patience, "a commit") {
      while try await connection.notifications(within: 500).isEmpty { try Task.checkCancellation() }
    }
    await connection.close()
  }

  /// Waits until a file is told to be accepted.
  func moved(_ name: String) async throws {
    let path = spool + "/done/" + name
    try await TestDeadline.within(TestDeadline.patience, "\(name) to be taken in") {
      while !FileManager.default.fileExists(atPath: path) {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
  }

  /// Waits until everything put in is projected, logged and moved away.
  func finished(_ load: Load) async throws {
    let (conninfo, spool) = (conninfo, spool)
    try await TestDeadline.within(TestDeadline.patience, "the load to be finished") {
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
