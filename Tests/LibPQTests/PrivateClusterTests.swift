import Foundation
import Testing

@testable import LibPQ

/// What crashes leave of a private cluster: the next start takes over or clears up, and touches nobody else.
@Suite(.serialized) struct PrivateClusterTests {
  /// A cluster in a folder of its own, removed at the end.
  private func with(_ body: (PrivateCluster) async throws -> Void) async throws {
    let cluster = try PrivateCluster(directory: "/tmp/bizclock-private-\(UUID().uuidString.prefix(8))")
    defer {
      try? cluster.stop(fast: false)
      try? FileManager.default.removeItem(atPath: cluster.directory)
    }
    try await body(cluster)
  }

  private func postmaster(_ cluster: PrivateCluster) -> Postmaster {
    Postmaster(data: cluster.directory + "/data", socket: cluster.directory + "/socket")
  }

  private func pid(_ cluster: PrivateCluster) throws -> pid_t {
    guard case .running(let pid) = postmaster(cluster).standing else {
      throw PostgresError(.unreachable, operation: "", message: "not running")
    }
    return pid
  }

  /// Ends the server as a power cut would; the notes stay.
  private func cut(_ cluster: PrivateCluster) async throws {
    for process in postmaster(cluster).processes { kill(process, SIGKILL) }
    while !postmaster(cluster).processes.isEmpty { await Task.yield() }
  }

  /// Another program of the server's user, which has nothing to do with it.
  private func stranger() throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let drop = geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
    process.arguments = drop + ["sleep", "600"]
    // Should it be left behind, whoever reads the output of the tests must not wait for it.
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  @Test func aServerThatOutlivedItsProgramServesOn() async throws {
    try await with { cluster in
      let conninfo = try await cluster.start()
      let before = try pid(cluster)
      // The program is gone without a word; the next one knows only the directory.
      let next = try PrivateCluster(directory: cluster.directory)
      #expect(next.isRunning)
      #expect(try await next.start() == conninfo)
      #expect(try pid(cluster) == before)
      try next.stop()
      #expect(!cluster.isRunning)
    }
  }

  /// Whether a process runs; one that has ended and waits to be collected does not.
  private func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  /// A postmaster was killed while one of its backends computes: that is ended, and a new server started.
  @Test func backendsWithoutAPostmaster() async throws {
    try await with { cluster in
      let conninfo = try await cluster.start()
      let connection = try await Connection.connect(conninfo)
      let busy = try await connection.run { try $0.execute("SELECT pg_backend_pid()").int4(0, 0) }
      let loop = Task {
        _ = try? await connection.run { try $0.script("DO $$ BEGIN LOOP END LOOP; END $$") }
      }
      let watcher = try await Connection.connect(conninfo)
      while try await watcher.run({ session in
        try session.execute(
          "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE 'DO%'",
          [.int4(busy)]
        ).int8(0, 0)
      }) == 0 { await Task.yield() }
      let before = try pid(cluster)
      kill(before, SIGKILL)
      while kill(before, 0) == 0 { await Task.yield() }
      #expect(postmaster(cluster).processes.contains(busy))
      _ = try await cluster.start()
      #expect(!isAlive(busy))
      #expect(try pid(cluster) != before)
      await loop.value
      let again = try await Connection.connect(conninfo)
      #expect(try await again.run { try $0.execute("SELECT 1::int4").int4(0, 0) } == 1)
      await again.close()
    }
  }

  /// After a crash, or a start of the machine, the numbers in its notes may be those of others.
  @Test func aNumberThatIsAStrangersByNow() async throws {
    try await with { cluster in
      _ = try await cluster.start()
      try await cut(cluster)
      let other = try stranger()
      defer { kill(other.processIdentifier, SIGKILL) }
      for note in ["/data/postmaster.pid", "/socket/.s.PGSQL.5432.lock"] {
        let path = cluster.directory + note
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
        try (["\(other.processIdentifier)"] + lines.map(String.init)).joined(separator: "\n")
          .write(toFile: path, atomically: false, encoding: .utf8)
      }
      #expect(postmaster(cluster).standing == .stranger(other.processIdentifier))
      #expect(!cluster.isRunning)
      try cluster.stop()
      try cluster.stop(fast: false)
      #expect(kill(other.processIdentifier, 0) == 0)
      _ = try await cluster.start()
      #expect(cluster.isRunning)
      #expect(kill(other.processIdentifier, 0) == 0 && other.isRunning)
    }
  }

  @Test func aServerWithoutItsNote() async throws {
    try await with { cluster in
      let conninfo = try await cluster.start()
      let server = try pid(cluster)
      #expect(unlink(cluster.directory + "/data/postmaster.pid") == 0)
      let error = await #expect(throws: PostgresError.self) { _ = try await cluster.start() }
      #expect(error?.message.contains("kill -INT \(server)") == true, "\(String(describing: error))")
      // It serves on.
      await (try await Connection.connect(conninfo)).close()
      try await cut(cluster)
    }
  }

  /// Programs that start together make one server.
  @Test func severalAtOnce() async throws {
    try await with { cluster in
      let directory = cluster.directory
      let conninfos = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<4 { group.addTask { try await PrivateCluster(directory: directory).start() } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(conninfos.count == 1)
      let processes = postmaster(cluster).processes
      #expect(Postmaster.parent(among: processes) == (try pid(cluster)))
      let log = try String(contentsOfFile: directory + "/postgres.log", encoding: .utf8)
      #expect(log.components(separatedBy: "ready to accept connections").count == 2)
    }
  }

  /// An upgrade that a power cut ended between its two renamings: an empty database beside the old one would fork it.
  @Test func dataThatAnUpgradeHasPutAside() async throws {
    try await with { cluster in
      let former = cluster.directory + "/data.old-15"
      try FileManager.default.createDirectory(atPath: former, withIntermediateDirectories: true)
      let error = await #expect(throws: PostgresError.self) { _ = try await cluster.start() }
      #expect(error?.kind == .setup)
      #expect(error?.message.contains("mv \(former) ") == true, "\(String(describing: error))")
      #expect(!FileManager.default.fileExists(atPath: cluster.directory + "/data"))
    }
  }

  /// What is kept is on the disk when it gets its name.
  @Test func newDataOutliveAPowerCut() async throws {
    try await with { cluster in
      _ = try await cluster.start()
      let words = try String(contentsOfFile: cluster.directory + "/setup.log", encoding: .utf8)
      #expect(words.contains("syncing data to disk ... ok"), "\(words)")
    }
  }

  /// Data of another major version are not touched; the words say what to install.
  @Test(arguments: [("14", true), ("99", false)]) func anotherMajorVersion(_ version: String, _ older: Bool)
    async throws
  {
    try await with { cluster in
      _ = try await cluster.start()
      try cluster.stop()
      try "\(version)\n".write(
        toFile: cluster.directory + "/data/PG_VERSION", atomically: false, encoding: .utf8)
      let next = try PrivateCluster(directory: cluster.directory)
      let error = await #expect(throws: PostgresError.self) { _ = try await next.start() }
      #expect(error?.kind == .setup && error?.isRetryable == false)
      #expect(error?.message.contains("made by PostgreSQL \(version)") == true)
      #expect(error?.message.contains("postgresql-\(version)") == true)
      #expect(error?.message.contains("upgrade-private-database") == older)
    }
  }

  /// A server outlives its starter: it holds nothing open that others wait to see the end of.
  @Test func childrenInheritNoDescriptors() throws {
    // As a parent hands one on that does not close it: past every number that is in use.
    let inherited = fcntl(STDERR_FILENO, F_DUPFD, 500)
    try #require(inherited >= 500)
    defer { close(inherited) }
    let open = try ChildProcess.output(["ls", "/proc/self/fd"]).split(separator: "\n").compactMap { Int32($0) }
    #expect(open.contains(0) && !open.contains(inherited))
    // Its own three, and the folder that ls reads.
    #expect(open.count == 4, "\(open)")
  }

  /// A child gets of the environment what every program needs, and no password.
  @Test func childrenGetNoSecrets() throws {
    setenv("BIZCLOCK_TEST_SECRET", "hushhush", 1)
    setenv("LC_TEST", "kept", 1)
    defer {
      unsetenv("BIZCLOCK_TEST_SECRET")
      unsetenv("LC_TEST")
    }
    let there = try ChildProcess.output(["env"])
    #expect(!there.contains("hushhush"))
    #expect(there.contains("LC_TEST=kept"))
    #expect(there.contains("PATH="))
  }
}
