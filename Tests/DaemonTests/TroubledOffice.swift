import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// An office of a role without privileges, on a server of its own that can be troubled.
struct TroubledOffice: Sendable {
  let node: PostgresNode
  /// Asked by the test, as the superuser.
  let folder: OfficeFolder
  let daemon: DaemonProcess

  static func with(
    settings: [String] = [], small: String? = nil, _ body: @Sendable (TroubledOffice) async throws -> Void
  ) async throws {
    let node = try PostgresNode(settings: settings, small: small)
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    _ = try await TestQuery.rows(node.conninfo, "CREATE ROLE office LOGIN PASSWORD 'first'")
    _ = try await TestQuery.rows(node.conninfo, "ALTER DATABASE bizclock OWNER TO office")
    _ = try await TestQuery.rows(node.conninfo, "CREATE ROLE bizclock_dashboard")
    let daemon = node.tcp.replacingOccurrences(of: "user=bizclock", with: "user=office") + " password=first"
    let folder = try OfficeFolder(conninfo: node.conninfo, daemon: daemon)
    defer { folder.remove() }
    let migrate = try await ProgramRun.finished(["migrate", "--config", folder.path + "/bizclock.yaml"])
    #expect(migrate.status == 0, "\(migrate.errors)")
    let office = TroubledOffice(node: node, folder: folder, daemon: try folder.start())
    try await office.daemon.logged("ready")
    try await body(office)
    if office.daemon.isRunning {
      office.daemon.signal(SIGTERM)
      #expect(try await office.daemon.exit() == 0)
    }
  }

  func admin(_ sql: String) async throws { _ = try await TestQuery.rows(node.conninfo, sql) }

  /// Ends every session of the daemon.
  func endSessions(_ conninfo: String? = nil) async throws {
    _ = try await TestQuery.rows(
      conninfo ?? node.conninfo,
      "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE usename = 'office'")
  }

  /// How often a text is in the log.
  func count(_ text: String) -> Int { daemon.lines.count { $0.contains(text) } }
}
