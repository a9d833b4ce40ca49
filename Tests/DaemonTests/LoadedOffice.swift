import Foundation
import Journal
import LibPQ
import Feeds
import Ledger
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// An office whose events were taken in at moments of the test's own, to be asked through the program as of the last.
final class LoadedOffice: Sendable {
  let folder: OfficeFolder
  let clock: ManualClock
  private let installation: Installation
  var conninfo: String { folder.conninfo }

  /// Hands a body an office whose policy is the shipped one after a change, as are the files that it names.
  static func with<R: Sendable>(
    at now: String, policy change: @Sendable (String) -> String = { $0 },
    file: (name: String, change: @Sendable (String) -> String)? = nil,
    _ body: @Sendable (LoadedOffice) async throws -> R
  ) async throws -> R {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try LoadedOffice(conninfo, now: now, change)
      defer { office.folder.remove() }
      if let file { try office.rewrite(file.name, file.change) }
      _ = try await office.installation.migrate(now: LoadedOffice.instant("2018-01-01T08:00:00+08:00"))
      return try await body(office)
    }
  }

  private init(_ conninfo: String, now: String, _ change: (String) -> String) throws {
    folder = try OfficeFolder(conninfo: conninfo)
    clock = ManualClock(LoadedOffice.instant(now))
    let policy = folder.path + "/policy.yaml"
    try change(try String(contentsOfFile: policy, encoding: .utf8)).write(
      toFile: policy, atomically: true, encoding: .utf8)
    installation = Installation(
      configuration: try Configuration.load(folder.path + "/bizclock.yaml", environment: [:]),
      database: DatabaseSource(conninfo: conninfo), cluster: nil)
  }

  private static func instant(_ text: String) -> Instant { Instant(rfc3339: text) ?? .earliest }

  /// Changes a file of the folder.
  func rewrite(_ name: String, _ change: (String) -> String) throws {
    let path = folder.path + "/" + name
    try change(try String(contentsOfFile: path, encoding: .utf8)).write(
      toFile: path, atomically: true, encoding: .utf8)
  }

  /// Puts the folder's policy or calendar in force at a moment; without a word about what it moves.
  func apply(_ kind: RuleDocument.Kind, because reason: ChangeReason? = nil, at now: String) async throws {
    let document = RuleDocument(try PolicyDocuments.read(folder.path + "/policy.yaml"))
    let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
    let connection = try await installation.database.connect(.administer)
    try await connection.run { session in
      let inForce = try #require(try Rules.inForce(&session))
      let change = Rules.Change(
        [(kind, document)],
        rulebook: try RuleLoader.compile(
          policy: kind == .policy ? document : inForce.policy,
          calendar: kind == .calendar ? document : inForce.calendar),
        over: inForce, former: try RuleLoader.compile(policy: inForce.policy, calendar: inForce.calendar),
        because: reason, retrospectiveAfter: retrospectiveAfter)
      let applied = try Rules.apply(
        change, Rules.Consent(by: "test", reason: "a change", restate: true), now: { LoadedOffice.instant(now) },
        on: &session)
      #expect(applied.refusal == nil)
    }
    await connection.close()
  }

  /// Takes in events, as `ingest` does, at a moment.
  func load(_ lines: [String], at now: String) async throws {
    let instant = LoadedOffice.instant(now)
    if instant > clock.now() { clock.advance(to: instant) }
    let file = folder.path + "/load.ndjson"
    try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: false, encoding: .utf8)
    let handle = try #require(FileHandle(forReadingAtPath: file))
    defer { try? handle.close() }
    let loading = Loading(
      database: installation.database, clock: clock, log: MemorySink(), settings: installation.projectorSettings)
    let outcome = try await loading.run(
      [LoadInput(name: "load", descriptor: handle.fileDescriptor)],
      feed: FeedDescription(
        name: "office", source: "office", format: .ndjson, knownProcesses: ["opening", "deregistration"]),
      history: false)
    #expect(outcome.new == lines.count)
    #expect(outcome.quarantined == 0)
  }

  /// Runs the program on the office's database, whose views speak of the moment of the office's clock.
  func run(_ arguments: [String], status: Int32 = 0) throws -> String {
    let run = try ProgramRun(
      arguments + ["--config", folder.path + "/bizclock.yaml"],
      environment: ["PGOPTIONS": "-c bizclock.now=\(clock.now())"])
    #expect(run.status == status, "\(run.errors)")
    return status == 0 ? run.output : run.errors
  }

  func rows(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(conninfo, sql) }
}

/// An event as a line of NDJSON, its id the time it tells; further members as they are written in JSON.
func line(
  _ caseID: String, _ type: String, _ at: String, _ more: String = "", process: String = "opening"
) -> String {
  "{\"event_id\":\"\(at)\",\"case_id\":\"\(caseID)\",\"type\":\"\(type)\",\"occurred_at\":\"\(at):00+08:00\",\"process\":\"\(process)\""
    + (more.isEmpty ? "" : ",\(more)") + "}"
}
