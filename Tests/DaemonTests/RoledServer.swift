import Foundation
import LibPQ
import Testing

@testable import Daemon

/// A PostgreSQL server of one test's own whose database has an owner without further rights, a daemon's role and a
/// dashboard's, each logging in as itself.
final class RoledServer: Sendable {
  let directory = "/tmp/bizclock-roled-\(UUID().uuidString.prefix(8))"
  private let cluster: PrivateCluster
  /// The cluster's superuser.
  var superuser: String { conninfo("bizclock", "bizclock") }
  var owner: String { conninfo("office_owner") }
  var daemon: String { conninfo("office_daemon") }
  var dashboard: String { conninfo("analyst") }

  /// Where its write-ahead log is kept, if it is.
  var archive: String { directory + "/archive" }

  /// - Parameter archiving: whether its write-ahead log is kept.
  init(archiving: Bool = false) throws {
    let archive = directory + "/archive"
    cluster = try PrivateCluster(
      directory: directory,
      settings: archiving
        ? ["archive_mode": "on", "archive_command": "mkdir -p \(archive) && cp %p \(archive)/%f"] : [:])
  }

  func conninfo(_ user: String, _ database: String = "office") -> String {
    "host=\(directory)/socket port=5432 user=\(user) dbname=\(database)"
  }

  /// Starts it with an empty database, or what lies there already.
  func start(makingDatabase: Bool = true) async throws {
    _ = try await cluster.start()
    guard makingDatabase else { return }
    try admit(["office_owner", "office_daemon", "analyst"])
    for statement in [
      "SELECT pg_reload_conf()", "CREATE ROLE bizclock_daemon", "CREATE ROLE bizclock_dashboard",
      "CREATE ROLE office_owner LOGIN", "CREATE ROLE office_daemon LOGIN IN ROLE bizclock_daemon",
      "CREATE ROLE analyst LOGIN IN ROLE bizclock_dashboard", "CREATE DATABASE office OWNER office_owner",
    ] { _ = try await TestQuery.rows(superuser, statement) }
  }

  /// Lets whoever runs the tests, and the server's own user, log in as some roles.
  private func admit(_ roles: [String]) throws {
    let path = directory + "/data/pg_ident.conf"
    var text = try String(contentsOfFile: path, encoding: .utf8)
    let users = Set(["postgres", String(cString: getpwuid(geteuid()).pointee.pw_name)])
    for user in users { for role in roles { text += "bizclock \(user) \(role)\n" } }
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    let rules = directory + "/data/pg_hba.conf"
    try (String(contentsOfFile: rules, encoding: .utf8) + "local replication all peer map=bizclock\n")
      .write(toFile: rules, atomically: false, encoding: .utf8)
  }

  func stop() throws { try cluster.stop() }

  /// Runs a client program of PostgreSQL, as the server's user where `asServer`.
  @discardableResult
  func run(_ arguments: [String], asServer: Bool = false) async throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let drop =
      asServer && geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
    process.arguments = drop + arguments
    let file = "\(directory).out-\(UUID().uuidString.prefix(4))"
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    defer { try? FileManager.default.removeItem(atPath: file) }
    process.standardOutput = FileHandle(forWritingAtPath: file)
    process.standardError = FileHandle(forWritingAtPath: file)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    let output = try String(contentsOfFile: file, encoding: .utf8)
    #expect(process.terminationStatus == 0, "\(arguments.joined(separator: " ")): \(output)")
    return output
  }

  func remove() {
    try? cluster.stop(fast: false)
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Runs a command of the program on a configuration as somebody.
  static func bizclock(_ arguments: [String], _ folder: OfficeFolder, as conninfo: String? = nil) async throws
    -> ProgramRun
  {
    let environment = conninfo.map { ["BIZCLOCK_DATABASE": $0] } ?? [:]
    let path = folder.path + "/bizclock.yaml"
    return try await Task.detached {
      try await ProgramRun.finished(arguments + ["--config", path], environment: environment)
    }
    .value
  }
}
