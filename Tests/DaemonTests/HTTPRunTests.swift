import Foundation
import Glibc
import TestSupport
import Testing

/// The program with its HTTP interface, as an operator sees it.
@Suite struct HTTPRunTests {
  private static func tokens(_ office: OfficeFolder, _ text: String, mode: Int = 0o600) throws -> String {
    let path = office.path + "/tokens"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  /// The first answer of an address to one request.
  private static func ask(_ address: String, _ path: String, token: String? = nil) async throws -> (Int, String) {
    let reply = try await RawClient.ask(address, path, token: token.map { "Bearer \($0)" })
    return (reply.status, reply.body)
  }

  /// Where it listens: of its own, whether it is ready or not yet.
  private static func address(_ daemon: DaemonProcess) async throws -> String {
    try await daemon.logged(containing: "HTTP: listening on")
    return try #require(daemon.records.compactMap { $0["address"] }.first)
  }

  /// It is ready, is scraped with the token that the program made, and stops.
  @Test func itIsReadyAndScraped() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      let file = office.path + "/tokens"
      let made = try ProgramRun(["token", "--name", "prometheus", "--scope", "metrics", "--file", file])
      let token = made.output.trimmingCharacters(in: .newlines)
      let daemon = try DaemonProcess(
        ["run", "--config", office.path + "/bizclock.yaml"], environment: ["BIZCLOCK_HTTP_TOKENS": file])
      try await daemon.logged("ready")
      let address = try await HTTPRunTests.address(daemon)
      #expect(
        try await HTTPRunTests.ask(address, "/readyz") == (200, "{\"status\":\"ready\",\"role\":\"leading\"}\n"))
      #expect(try await HTTPRunTests.ask(address, "/healthz").0 == 200)
      #expect(try await HTTPRunTests.ask(address, "/metrics").0 == 401)
      let (status, page) = try await HTTPRunTests.ask(address, "/metrics", token: token)
      #expect(status == 200 && page.contains("\nbizclock_leader 1\n"))
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      #expect(!daemon.lines.joined().contains(token) && !page.contains(token))
    }
  }

  /// A daemon that is ready, the file of its tokens, and the one token in it.
  private static func withTokens(
    _ body: @Sendable (OfficeFolder, DaemonProcess, _ file: String, _ token: String) async throws -> Void
  ) async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      let file = office.path + "/tokens"
      let made = try await ProgramRun.finished(["token", "--name", "a", "--scope", "metrics", "--file", file])
      let token = made.output.trimmingCharacters(in: .newlines)
      let daemon = try DaemonProcess(
        ["run", "--config", office.path + "/bizclock.yaml"], environment: ["BIZCLOCK_HTTP_TOKENS": file])
      try await daemon.logged("ready")
      try await body(office, daemon, file, token)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
    }
  }

  /// A reload takes over who is let in, and how long things are kept.
  @Test func aReloadReadsTheTokensAnew() async throws {
    try await HTTPRunTests.withTokens { office, daemon, file, token in
      let address = try await HTTPRunTests.address(daemon)
      #expect(try await HTTPRunTests.ask(address, "/metrics", token: token).0 == 200)
      try "# nobody\n".write(toFile: file, atomically: false, encoding: .utf8)
      let configuration = office.path + "/bizclock.yaml"
      try (String(contentsOfFile: configuration, encoding: .utf8) + "retention: { done: 90 days }\n").write(
        toFile: configuration, atomically: false, encoding: .utf8)
      daemon.signal(SIGHUP)
      try await daemon.logged(containing: "read anew: retention; tokens removed: a; no token is known.")
      #expect(try await HTTPRunTests.ask(address, "/metrics", token: token).0 == 401)
    }
  }

  /// A file of tokens that is gone locks everyone out, and the reload says so, each time, with what to do.
  @Test func aReloadTellsThatTheTokensAreGone() async throws {
    try await HTTPRunTests.withTokens { _, daemon, file, token in
      let address = try await HTTPRunTests.address(daemon)
      #expect(rename(file, file + ".x") == 0)
      daemon.signal(SIGHUP)
      try await daemon.logged(containing: "read anew: tokens removed: a; no token is known.")
      try await daemon.logged(containing: "HTTP: nobody is let in, not even to /metrics: \(file) is not there;")
      let told = try #require(daemon.records.last { $0["message"]?.contains("nobody is let in") ?? false })
      #expect(told["priority"] == "error")
      #expect(try await HTTPRunTests.ask(address, "/metrics", token: token).0 == 401)
      #expect(rename(file + ".x", file) == 0)
      daemon.signal(SIGHUP)
      try await daemon.logged(containing: "read anew: tokens added: a; 1 known.")
      #expect(try await HTTPRunTests.ask(address, "/metrics", token: token).0 == 200)
      #expect(!daemon.lines.joined().contains(token))
    }
  }

  /// The daemon is seen while it waits for its database at the start: it lives, is not ready and takes nothing; then all
  /// of it is there, at the same address.
  @Test func itIsSeenWhileTheDatabaseIsAwayAtTheStart() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let office = try OfficeFolder(conninfo: server.conninfo)
    defer { office.remove() }
    try await office.migrate()
    try server.kill()
    let configuration = office.path + "/bizclock.yaml"
    try String(contentsOfFile: configuration, encoding: .utf8).replacing(
      "format: ndjson }]", with: "format: ndjson }, { name: hall, source: hall, kind: http }]"
    ).write(toFile: configuration, atomically: true, encoding: .utf8)
    let file = office.path + "/tokens"
    var tokens: [String: String] = [:]
    for (name, scope) in [("m", "metrics"), ("r", "read"), ("hall", "ingest"), ("nowhere", "ingest")] {
      let feed = scope == "ingest" ? ["--feed", name] : []
      let made = try await ProgramRun.finished(["token", "--name", name, "--scope", scope, "--file", file] + feed)
      tokens[name] = "Bearer \(made.output.trimmingCharacters(in: .newlines))"
    }
    let daemon = try DaemonProcess(["run", "--config", configuration], environment: ["BIZCLOCK_HTTP_TOKENS": file])
    try await daemon.logged("database.lost")
    let address = try await HTTPRunTests.address(daemon)
    #expect(try await HTTPRunTests.ask(address, "/healthz") == (200, "{\"status\":\"ok\"}\n"))
    #expect(
      try await HTTPRunTests.ask(address, "/readyz")
        == (503, "{\"status\":\"not ready\",\"missing\":\"the database does not answer\"}\n"))
    #expect(try await RawClient.ask(address, "/metrics").status == 401)
    var page = try await RawClient.ask(address, "/metrics", token: tokens["m"]).body
    #expect(page.contains("\nbizclock_database_up 0\n") && page.contains("\nbizclock_leader 0\n"))
    let line = Array(DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00").utf8)
    func post(_ feed: String) async throws -> RawClient.Reply {
      try await RawClient.post(
        address, "/v1/events", line, token: tokens[feed], fields: ["Content-Type: application/x-ndjson"])
    }
    for reply in [try await post("hall"), try await RawClient.ask(address, "/v1/cases/C1", token: tokens["r"])] {
      #expect(reply.status == 503 && reply["Retry-After"] == "5", "\(reply)")
    }
    #expect(try await post("nowhere").status == 403)
    try await server.start()
    try await daemon.logged("ready")
    #expect(try await HTTPRunTests.ask(address, "/readyz").0 == 200)
    page = try await RawClient.ask(address, "/metrics", token: tokens["m"]).body
    #expect(page.contains("\nbizclock_database_up 1\n"))
    // What was refused is not counted as taken; the same again is new.
    #expect(try await post("hall").body.contains("\"new\":1"))
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
    #expect(daemon.lines.count { $0.contains("HTTP: listening on") } == 1)
  }

  /// An address that is taken is told, and no reason to stop the clocks; when it is free it is served.
  @Test func aTakenAddressIsToldAndTriedAgain() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      let first = try office.start()
      try await first.logged("ready")
      let address = try await HTTPRunTests.address(first)
      let other = try DaemonProcess(
        ["run", "--config", office.path + "/bizclock.yaml"], environment: ["BIZCLOCK_HTTP_LISTEN": address])
      try await other.logged("ready")
      try await other.logged(containing: "http.listen: \(address): another program listens there already")
      first.signal(SIGTERM)
      #expect(try await first.exit() == 0)
      try await other.logged(containing: "HTTP: listening on \(address)")
      #expect(try await HTTPRunTests.ask(address, "/healthz").0 == 200)
      other.signal(SIGTERM)
      #expect(try await other.exit() == 0)
    }
  }

  /// Faults in the file of tokens are told with their line, before anything runs, and without what is in it.
  @Test func faultsInTheTokensAreTold() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      for (text, mode, message) in [
        ("# tokens\nprometheus metrics hunter2\n", 0o600, ":2: the third word is not sha256:"),
        ("", 0o644, "is open to every user; run: chmod o= "),
      ] {
        let file = try HTTPRunTests.tokens(office, text, mode: mode)
        let run = try await ProgramRun.finished(
          ["run", "--config", office.path + "/bizclock.yaml"],
          environment: ["BIZCLOCK_HTTP_LISTEN": "127.0.0.1:0", "BIZCLOCK_HTTP_TOKENS": file])
        #expect(run.status == 78)
        #expect(run.errors.contains(file) && run.errors.contains(message), "\(run.errors)")
        #expect(!run.errors.contains("hunter2"))
      }
    }
  }

  /// `bizclock token` prints a token once, and the line for the file.
  @Test func tokensAreMade() throws {
    let made = try ProgramRun(["token", "--name", "hall", "--scope", "read", "--scope", "metrics"])
    #expect(made.status == 0)
    #expect(made.output.wholeMatch(of: /bzc_[0-9a-f]{64}\n/) != nil)
    #expect(made.errors.wholeMatch(of: /hall metrics,read sha256:[0-9a-f]{64}\n/) != nil)
    #expect(!made.errors.contains(made.output.dropFirst(4).dropLast()))

    let file = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(try ProgramRun(["token", "--name", "a", "--scope", "metrics", "--file", file]).status == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // A file whose last line has no end, and a name that is there already.
    try (String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines))
      .write(toFile: file, atomically: false, encoding: .utf8)
    let second = try ProgramRun(["token", "--name", "b", "--scope", "ingest", "--feed", "hall", "--file", file])
    #expect(second.status == 0 && second.errors.contains("added to \(file)"))
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.map { String($0.prefix(9)) } == ["a metrics", "b ingest "])
    let again = try ProgramRun(["token", "--name", "a", "--scope", "read", "--file", file])
    #expect(again.status == 78 && again.errors.contains("has a token of the name a"))
    #expect(again.output.isEmpty)
    #expect(try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") == lines)
  }

  /// Only root can give a file away; whoever else makes one, as README has the daemon's user do, is to leave it be.
  @Test(.enabled(if: geteuid() != 0 || Nobody.canRun))
  func onlyRootIsAdvisedToGiveTheFileAway() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString)").path
    #expect(mkdir(folder, 0o777) == 0 && chmod(folder, 0o777) == 0)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (isRoot, file) = (geteuid() == 0, folder + "/tokens")
    let arguments = ["token", "--name", "a", "--scope", "metrics", "--file"]
    let other = try isRoot ? Nobody.run(arguments + [file]) : ProgramRun(arguments + [file])
    #expect(other.status == 0)
    #expect(other.errors == "made \(file), which the daemon must be able to read and nobody else\n")
    guard isRoot else { return }
    let root = try ProgramRun(arguments + [file + "-of-root"])
    #expect(
      root.errors.hasSuffix("nobody else: chown root:bizclock \(file)-of-root && chmod 640 \(file)-of-root\n"))
  }

  @Test(arguments: [
    (["--name", "a b", "--scope", "read"], "--name takes"), (["--name", "a", "--scope", "all"], "--scope"),
    (["--name", "a"], "scope"), (["--scope", "read"], "--name"),
    (["--name", "a", "--scope", "ingest"], "--feed is missing"),
    (["--name", "a", "--scope", "read", "--feed", "b"], "only for the scope ingest"),
  ])
  func wrongTokensAreRefused(_ arguments: [String], _ message: String) throws {
    let run = try ProgramRun(["token"] + arguments)
    #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
  }
}
