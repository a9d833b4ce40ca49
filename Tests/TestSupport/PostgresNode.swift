import Foundation
import Glibc

/// A PostgreSQL server of one test's own that is also reached over TCP, without passwords; it can be killed, followed by
/// a standby and promoted. With fsync on, as in production. It ends with this process, however that ends.
public final class PostgresNode: Sendable {
  /// What went wrong with a server program.
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// Where everything of it lies; its data in `data`, its socket in `socket`.
  public let directory: String
  /// Its port, of TCP and in the name of the socket.
  public let port: Int
  private let binaries: String
  private let asPostgres = geteuid() == 0

  private init(port: Int, binaries: String) throws {
    directory = "/tmp/bizclock-node-\(UUID().uuidString.prefix(8))"
    self.port = port
    self.binaries = binaries
    try FileManager.default.createDirectory(atPath: directory + "/socket", withIntermediateDirectories: true)
    try run(["chown", "-R", "postgres", directory], asRoot: true)
    try endWithThisProcess()
  }

  /// Makes a server; nothing is started.
  ///
  /// - Parameters:
  ///   - settings: lines of its configuration file.
  ///   - small: of its folders `data` and `wal` one that gets a small file system of its own, which takes root.
  public convenience init(settings: [String] = [], small: String? = nil) throws {
    let binaries = try PostgresNode.binaries()
    try self.init(port: try PostgresNode.freePort(), binaries: binaries)
    if let small {
      try run(["mkdir", directory + "/" + small], asRoot: true)
      try run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700", "none", directory + "/" + small], asRoot: true)
      try run(["chown", "postgres", directory + "/" + small], asRoot: true)
    }
    try server([
      "initdb", "-D", data, "-U", "bizclock", "-E", "UTF8", "--locale=C", "-A", "trust", "-N", "--wal-segsize=1",
      "--waldir", directory + "/wal",
    ])
    try configure(settings)
  }

  /// Whether small file systems can be made here.
  public static var canMount: Bool {
    guard geteuid() == 0 else { return false }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/unshare")
    process.arguments = ["-m", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Fills the small file system to the last block.
  public func fill(_ small: String) throws {
    let path = "\(directory)/\(small)/ballast"
    let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Failure(description: "\(path) cannot be made") }
    defer { close(file) }
    for size in [65_536, 4_096] {
      let block = [UInt8](repeating: 1, count: size)
      while write(file, block, size) == size {}
    }
  }

  /// Makes room on it again.
  public func clear(_ small: String) { unlink("\(directory)/\(small)/ballast") }

  /// Makes a standby of a running server under a name for `synchronous_standby_names`; nothing is started.
  public convenience init(following primary: PostgresNode, as name: String, settings: [String] = []) throws {
    try self.init(port: try PostgresNode.freePort(), binaries: primary.binaries)
    try server([
      "pg_basebackup", "-D", data, "-d", "\(primary.socketInfo) application_name=\(name)", "-c", "fast", "-X",
      "stream",
      "-N",
    ])
    try configure(settings)
    try follow(primary, as: name)
  }

  /// Its data directory.
  public var data: String { directory + "/data" }
  private var server: String { "user=bizclock dbname=bizclock" }
  private var socketInfo: String { "host=\(directory)/socket port=\(port) user=bizclock dbname=postgres" }
  /// How to reach its database through its socket.
  public var conninfo: String { "host=\(directory)/socket port=\(port) \(server)" }
  /// How to reach its database over TCP.
  public var tcp: String { "host=127.0.0.1 port=\(port) \(server)" }
  /// How to reach whichever of several takes writes, over TCP or through sockets.
  public static func conninfo(_ nodes: [PostgresNode], tcp: Bool) -> String {
    let hosts = nodes.map { tcp ? "127.0.0.1" : $0.directory + "/socket" }.joined(separator: ",")
    let ports = nodes.map { "\($0.port)" }.joined(separator: ",")
    return
      "host=\(hosts) port=\(ports) user=bizclock dbname=bizclock target_session_attrs=read-write connect_timeout=2"
  }

  /// Writes further lines into its configuration file, to be read at the next start or `reload`; the last one counts.
  public func configure(_ settings: [String]) throws {
    let lines = [
      "listen_addresses='127.0.0.1'", "port=\(port)", "unix_socket_directories='\(directory)/socket'",
      "max_connections=60", "shared_buffers=32MB", "wal_level=replica", "hot_standby=on",
      "wal_receiver_status_interval=1s",
      "wal_retrieve_retry_interval=200ms", "jit=off",
    ]
    try append((lines + settings).joined(separator: "\n") + "\n", to: "postgresql.conf")
  }

  /// Makes it a standby of another server, or a read-only one that follows nobody.
  public func follow(_ primary: PostgresNode?, as name: String) throws {
    try append("", to: "standby.signal")
    let source = primary.map { "\($0.socketInfo) application_name=\(name)" } ?? ""
    try append("primary_conninfo='\(source)'\n", to: "postgresql.conf")
    try run(["chown", "postgres", data + "/standby.signal"], asRoot: true)
  }

  /// Starts it, waits until it serves, and makes its database if it is new and takes writes.
  public func start() throws {
    try server(["pg_ctl", "-D", data, "-l", directory + "/log", "-w", "-t", "60", "start"])
  }

  /// Makes the database.
  public func createDatabase() throws {
    try server(["createdb", "-h", directory + "/socket", "-p", "\(port)", "-U", "bizclock", "bizclock"])
  }

  /// Has it read its configuration file again.
  public func reload() throws { try server(["pg_ctl", "-D", data, "reload"]) }

  /// Makes a standby a primary, and waits until it is.
  public func promote() throws { try server(["pg_ctl", "-D", data, "-w", "-t", "60", "promote"]) }

  /// Stops it in good order.
  public func stop() throws { try server(["pg_ctl", "-D", data, "-w", "-m", "fast", "stop"]) }

  /// Ends it and all its sessions as a power cut would.
  public func kill() throws { try ServerProcesses.kill(data: data) }

  /// Sends all its processes a signal.
  public func signal(_ number: Int32) throws {
    for pid in ServerProcesses.all(data: data) { Glibc.kill(pid, number) }
  }

  /// Whether its postmaster runs.
  public var isRunning: Bool { !ServerProcesses.all(data: data).isEmpty }

  /// Whether its postmaster lives and has come through its recovery.
  public var isServing: Bool {
    isRunning && (try? server(["psql", "-d", socketInfo, "-c", "SELECT 1"])) != nil
  }

  /// Ends what is left of it and starts it again.
  public func restart() throws {
    try kill()
    try start()
  }

  /// What its log says.
  public var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

  /// Ends it and removes it.
  public func remove() {
    try? kill()
    for small in ["data", "wal"] { _ = umount2("\(directory)/\(small)", Int32(MNT_DETACH)) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  private func append(_ text: String, to file: String) throws {
    let path = data + "/" + file
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw Failure(description: "\(path) cannot be written")
    }
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
  }

  private func server(_ words: [String]) throws {
    let command = [binaries + "/" + (words.first ?? "")] + words.dropFirst()
    try run(
      asPostgres ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command : command,
      asRoot: false)
  }

  private func run(_ command: [String], asRoot: Bool) throws {
    if asRoot, !asPostgres { return }
    let log = directory + "/setup.log"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    // Not Foundation's Process: its end is that of everything it has started, and a server goes on.
    var child: pid_t = 0
    var status: Int32 = 0
    guard posix_spawnp(&child, command.first ?? "", &actions, nil, argv, environ) == 0 else {
      throw Failure(description: "\(command.first ?? "") cannot be run")
    }
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      throw Failure(description: "\(command.joined(separator: " ")): \(text.suffix(500))\(self.log.suffix(500))")
    }
  }

  /// A watcher reads a pipe whose other end only this process holds.
  private func endWithThisProcess() throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/setsid")
    let script =
      #"cat >/dev/null; kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; umount -l "$1"/*/; rm -rf "$1""#
    process.arguments = ["sh", "-c", script, "sh", directory]
    process.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// The newest server programs, where Debian keeps them or as the variable `BIZCLOCK_POSTGRES_BIN` says.
  private static func binaries() throws -> String {
    if let given = ProcessInfo.processInfo.environment["BIZCLOCK_POSTGRES_BIN"] { return given }
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []).compactMap(
      Int.init)
    guard let newest = versions.max() else { throw Failure(description: "install the Debian package postgresql") }
    return "/usr/lib/postgresql/\(newest)/bin"
  }

  /// A port that nobody has now.
  private static func freePort() throws -> Int {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    guard let port = LocalPort.bind(socket) else { throw Failure(description: "no free port") }
    return port
  }
}

/// The processes of a PostgreSQL server.
public enum ServerProcesses {
  /// The postmaster and its children; none if it does not run.
  public static func all(data: String) -> [pid_t] {
    guard let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8),
      let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }), Glibc.kill(pid, 0) == 0
    else { return [] }
    var found = [pid]
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let child = pid_t(entry),
        let stat = try? String(contentsOfFile: "/proc/\(entry)/stat", encoding: .utf8),
        let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 1,
        pid_t(fields[1]) == pid
      else { continue }
      found.append(child)
    }
    return found
  }

  /// Ends all of them as a power cut would, and waits until they are gone.
  public static func kill(data: String) throws {
    let victims = all(data: data)
    for victim in victims { Glibc.kill(victim, SIGKILL) }
    // A process that is being ended still counts as running; the next start would refuse.
    while victims.contains(where: { Glibc.kill($0, 0) == 0 }) { sched_yield() }
  }
}
