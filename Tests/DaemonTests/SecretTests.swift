import Foundation
import Testing

@testable import Daemon

/// A password is in no output, no process list and no child, whatever goes wrong with it.
@Suite(.alone) struct SecretTests {
  private static let secret = "hushhush"

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var conninfo: String?
    var variables: [String: String] = [:]
    var status: Int32

    init(_ name: String, _ conninfo: String?, _ status: Int32, _ variables: [String: String] = [:]) {
      testDescription = name
      self.conninfo = conninfo
      self.status = status
      self.variables = variables
    }
  }

  private static let nobody = "host=/tmp/nobody-is-here dbname=x"

  /// Each way to give a password, each with something wrong.
  static let cases = [
    Case("nobody there", "\(nobody) password=hushhush", 69),
    Case("nobody there, TCP", "host=127.0.0.1 port=1 user=u dbname=x password=hushhush", 69),
    Case("a URI", "postgresql://u:hushhush@127.0.0.1:1/x", 69),
    Case("a blank", "\(nobody) password=hush hushhush", 78),
    Case("an unknown key in the password", "\(nobody) password=hush hushhush=1", 78),
    Case("an open quote", "\(nobody) password='hushhush", 78),
    Case("a URI with a wrong escape", "postgresql://u:hushhush%zz@127.0.0.1:1/x", 78),
    Case("a URI with a NUL", "postgresql://u:hushhush%00@127.0.0.1:1/x", 78),
    Case("a URI without a host's end", "postgresql://u:p@[hushhush/x", 78),
    Case("PGPASSWORD", nobody, 69, ["PGPASSWORD": secret]),
    Case("no conninfo at all", nil, 78, ["PGPASSWORD": secret]),
    Case("a service that is not there", "service=none password=hushhush", 69, ["PGSERVICEFILE": "/nonexistent"]),
    Case("a wrong option with the password in it", "\(nobody) password=hushhush sslmode=hushhush", 69),
  ]

  @Test(arguments: [false, true]) func noOutputHoldsIt(_ byVariable: Bool) async throws {
    for item in SecretTests.cases {
      let folder = "/tmp/bizclock-secret-\(UUID().uuidString.prefix(8))"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      var variables = item.variables
      var text = "state_directory: \(folder)/state\nfeeds: []\n"
      if let conninfo = item.conninfo {
        if byVariable { variables["BIZCLOCK_DATABASE"] = conninfo }
        text += "database: \"\(byVariable ? "host=elsewhere" : conninfo)\"\n"
      }
      try text.write(toFile: folder + "/bizclock.yaml", atomically: true, encoding: .utf8)
      let environment = variables
      let run = try await Task.detached {
        try await ProgramRun.finished(["status", "--config", folder + "/bizclock.yaml"], environment: environment)
      }.value
      #expect(run.status == item.status, "\(item): \(run.errors)")
      #expect(!(run.output + run.errors).contains(SecretTests.secret), "\(item): \(run.errors)")
      #expect(!run.errors.isEmpty)
    }
  }

  /// The daemon waits for its database and says so, without the password; nor is it among its arguments.
  @Test func theDaemonsLogHoldsItNot() async throws {
    let folder = try OfficeFolder(conninfo: "\(SecretTests.nobody) password=hushhush")
    defer { folder.remove() }
    let daemon = try folder.start()
    try await daemon.logged("database.lost")
    let arguments = try String(
      decoding: Data(contentsOf: URL(filePath: "/proc/\(daemon.pid)/cmdline")), as: UTF8.self)
    #expect(arguments.contains("run") && !arguments.contains("hush"))
    // No core, and no look into its memory by another program of its user.
    let limits = try String(contentsOfFile: "/proc/\(daemon.pid)/limits", encoding: .utf8)
    let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
    #expect(core.split(separator: " ").suffix(3).prefix(2) == ["0", "0"], "\(core)")
    var status = stat()
    #expect(stat("/proc/\(daemon.pid)/environ", &status) == 0)
    #expect(status.st_uid == 0)
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() != 0)
    #expect(daemon.lines.allSatisfy { !$0.contains("hush") })
  }

  /// A wrong password over a real server that asks for one, from each place that libpq takes it from.
  @Test func aWrongPassword() async throws {
    let server = try RoledServer()
    defer { server.remove() }
    try await server.start()
    _ = try await TestQuery.rows(server.superuser, "CREATE ROLE guest LOGIN PASSWORD 'another'")
    let rules = server.directory + "/data/pg_hba.conf"
    try ("local office guest scram-sha-256\n" + String(contentsOfFile: rules, encoding: .utf8))
      .write(toFile: rules, atomically: false, encoding: .utf8)
    _ = try await TestQuery.rows(server.superuser, "SELECT pg_reload_conf()::text")
    let folder = server.directory + "/guest"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ text: String) throws -> String {
      let path = "\(folder)/\(name)"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      chmod(path, 0o600)
      return path
    }
    let plain = server.conninfo("guest")
    let passfile = try write("pgpass", "*:*:*:guest:hushhush\n")
    let service = try write(
      "services", "[office]\nhost=\(server.directory)/socket\nuser=guest\ndbname=office\npassword=hushhush\n")
    let broken = try write("broken", "[office]\npassword=hushhush\nhushhush\n")
    let whole = try write("database", plain + " password=hushhush\n")
    for (name, variables) in [
      ("passfile", ["BIZCLOCK_DATABASE": "\(plain) passfile=\(passfile)"]),
      ("PGPASSFILE", ["BIZCLOCK_DATABASE": plain, "PGPASSFILE": passfile]),
      ("PGPASSWORD", ["BIZCLOCK_DATABASE": plain, "PGPASSWORD": "hushhush"]),
      ("conninfo", ["BIZCLOCK_DATABASE": plain + " password=hushhush"]),
      ("service", ["BIZCLOCK_DATABASE": "service=office", "PGSERVICEFILE": service]),
      ("a broken service", ["BIZCLOCK_DATABASE": "service=office", "PGSERVICEFILE": broken]),
      ("a file", ["BIZCLOCK_DATABASE": whole]),
      (
        "a credential", ["BIZCLOCK_DATABASE": "${CREDENTIALS_DIRECTORY}/database", "CREDENTIALS_DIRECTORY": folder]
      ),
    ] {
      let run = try await Task.detached { try await ProgramRun.finished(["status"], environment: variables) }.value
      #expect([69, 78].contains(run.status), "\(name): \(run.errors)")
      if name != "a broken service" {
        #expect(run.errors.contains("authentication failed"), "\(name): \(run.errors)")
      }
      #expect(!(run.output + run.errors).contains("hush"), "\(name): \(run.errors)")
    }
    let log = try String(contentsOfFile: server.directory + "/postgres.log", encoding: .utf8)
    #expect(!log.contains("hush"))
  }

  /// The private server outlives the program: it must not have its variables.
  @Test func thePrivateServerGetsNoVariables() async throws {
    let folder = "/tmp/bizclock-secret-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o711)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let run = try await Task.detached {
      try await ProgramRun.finished(
        ["migrate"],
        environment: [
          "BIZCLOCK_CONFIG": "", "BIZCLOCK_DATABASE": "private", "BIZCLOCK_STATE_DIRECTORY": folder,
          "PGPASSWORD": "hushhush", "NOTIFY_SOCKET": "/hushhush",
        ])
    }.value
    #expect(run.status == 0, "\(run.errors)")
    let note = try String(contentsOfFile: folder + "/postgres/data/postmaster.pid", encoding: .utf8)
    let pid = try #require(note.split(separator: "\n").first.flatMap { pid_t($0) })
    defer { kill(pid, SIGQUIT) }
    let variables = try String(decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/environ")), as: UTF8.self)
    #expect(variables.contains("PATH=") && !variables.contains("hush") && !variables.contains("BIZCLOCK"))
  }
}
