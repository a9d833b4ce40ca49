import CLinux
import Glibc

/// A PostgreSQL cluster of the program's own, in its state directory: reached by a socket in a directory of mode
/// 0700, by peer authentication, never by TCP. Run by root, the server is the user whose the data are.
public struct PrivateCluster: Sendable {
  /// Where data, socket and log are.
  public let directory: String
  let programs: ServerPrograms
  private let settings: [String: String]
  /// Whom the server runs as where this program is root; PostgreSQL refuses to be that.
  let servant: Servant?
  /// Whether the data are to outlive a power cut.
  let isKept: Bool

  var data: String { directory + "/data" }
  /// The data in the making; they get their name when they are whole.
  var fresh: String { directory + "/data.new" }
  private var log: String { directory + "/postgres.log" }
  var setupLog: String { directory + "/setup.log" }
  var socket: String { directory + "/socket" }

  /// The database and its owner.
  static let name = "bizclock"

  /// A cluster in `directory`, which is made if need be; nothing is started.
  ///
  /// - Parameters:
  ///   - settings: server settings beside our own.
  ///   - isKept: false for data that are thrown away, which are made faster and may not outlive a power cut.
  public init(directory: String, settings: [String: String] = [:], isKept: Bool = true) throws(PostgresError) {
    // The server is told its directories by name, whatever folder it runs in.
    self.directory = try PrivateCluster.absolute(directory)
    // What one major version made, another cannot read.
    guard let programs = ServerPrograms.find(major: ServerPrograms.major(of: self.directory + "/data")) else {
      throw PostgresError(
        .setup, operation: "private database",
        message: "PostgreSQL's server programs are not installed; install the Debian package postgresql")
    }
    self.programs = programs
    self.settings = settings
    self.isKept = isKept
    servant = try Servant.find(for: self.directory)
    // A socket's path must fit into sockaddr_un.
    guard (self.directory + "/socket/.s.PGSQL.5432").utf8.count < 107 else {
      throw PostgresError(
        .setup, operation: "private database",
        message: "the state directory's path is too long for a socket; choose one of at most 84 bytes")
    }
  }

  private static func absolute(_ path: String) throws(PostgresError) -> String {
    if path.hasPrefix("/") { return path }
    guard let current = getcwd(nil, 0) else {
      throw PostgresError(
        .unreachable, operation: "private database", message: "the current folder has no name; write a whole path")
    }
    defer { free(current) }
    return String(cString: current) + "/" + path
  }

  /// Makes the cluster if it is new, starts it if it does not run, and gives the conninfo of its database.
  public func start() async throws -> String {
    try checkOwner()
    try makeDirectories()
    let lock = try await lock()
    defer { close(lock) }
    if access(data, F_OK) != 0 { try initialize() }
    // Another program may have made it meanwhile, for another user.
    try checkOwner()
    try checkVersion()
    // A server that outlived its program serves on: it is the same cluster.
    if !isRunning { try await launch() }
    let server = "host=\(socket) port=5432 user=\(PrivateCluster.name)"
    let connection = try await Connection.connect(server + " dbname=postgres")
    try await connection.run { session in
      let there = try session.execute("SELECT FROM pg_database WHERE datname = $1", [.text(PrivateCluster.name)])
      if there.rowCount == 0 { try session.execute("CREATE DATABASE \(PrivateCluster.name)") }
    }
    await connection.close()
    return server + " dbname=\(PrivateCluster.name)"
  }

  /// Whether its server runs.
  public var isRunning: Bool {
    if case .running = postmaster.standing { true } else { false }
  }

  var postmaster: Postmaster { Postmaster(data: data, socket: socket) }

  /// Starts the server; what a crash left is taken away first.
  private func launch() async throws {
    // Compiling the dashboards' queries costs more than it gains.
    var options =
      "-c jit=off -c listen_addresses='' -c unix_socket_directories='\(socket)' -c unix_socket_permissions=0700"
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) { options += " -c \(name)='\(value)'" }
    try await endOrphans()
    try checkHidden()
    postmaster.forgetStrangers()
    try admitUsers()
    guard try run(["pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start"]) == 0 else {
      throw PostgresError(
        .unreachable, operation: "private database", message: "the server did not start; its log is \(log)")
    }
  }

  /// Ends processes of a server that is dead itself: while one lives, no server may start on the directory. They end
  /// by themselves when they next wait; one that computes is told to, and at last made to.
  private func endOrphans() async throws {
    for signal in [0, SIGTERM, SIGKILL] {
      let left = postmaster.processes
      if left.isEmpty { return }
      if let server = Postmaster.parent(among: left) {
        throw PostgresError(
          .unreachable, operation: "private database",
          message:
            "process \(server) serves \(data), which has lost its postmaster.pid; end it with: kill -INT \(server)"
        )
      }
      if signal != 0 { for pid in left { kill(pid, signal) } }
      for _ in 0..<60 where !postmaster.processes.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    }
  }

  /// Takes the lock under which one program at a time makes, starts or clears the cluster; closing it gives it back.
  private func lock() async throws -> Int32 {
    let path = directory + "/lock"
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw cannot("open", path) }
    if let servant { fchown(file, servant.user, servant.group) }
    for _ in 0..<2_400 {
      if flock(file, LOCK_EX | LOCK_NB) == 0 { return file }
      do { try await Task.sleep(for: .milliseconds(50)) } catch {
        close(file)
        throw error
      }
    }
    close(file)
    throw PostgresError(
      .unreachable, operation: "private database",
      message: "another bizclock has been starting the server for two minutes; see \(log)")
  }

  /// Stops the server and waits until it has; `fast` lets it write what it has, otherwise it just ends. A process that
  /// only has the number of a server that crashed is left alone.
  public func stop(fast: Bool = true) throws(PostgresError) {
    guard isRunning else { return }
    _ = try run(["pg_ctl", "-D", data, "-w", "-t", "60", "-m", fast ? "fast" : "immediate", "stop"])
  }

  /// Ends the server when this process ends, however that is, and removes the cluster; for one that is thrown away.
  ///
  /// A watcher of its own session reads a pipe whose other end only this process holds.
  public func endWithThisProcess() {
    var ends: [Int32] = [0, 0]
    guard bizclock_closing_pipe(&ends) == 0 else { return }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A number that is another program's by now is left alone.
    let script = """
      cat >/dev/null; pid="$(head -n 1 "$1/data/postmaster.pid")"
      [ "/proc/$pid/cwd" -ef "$1/data" ] && kill -QUIT "$pid"; rm -rf "$1"
      """
    let words = ["setsid", "sh", "-c", script, "sh", directory]
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    argv.append(nil)
    var variables = ChildProcess.environment()
    defer { (argv + variables).forEach { free($0) } }
    var child: pid_t = 0
    posix_spawnp(&child, "setsid", &actions, nil, argv, &variables)
    // The writing end stays open until this process ends.
    close(ends[0])
  }

  func run(_ arguments: [String]) throws(PostgresError) -> Int32 {
    var all = [programs.folder + "/" + (arguments.first ?? "")] + arguments.dropFirst()
    if let servant {
      all = ["setpriv", "--reuid=\(servant.user)", "--regid=\(servant.group)", "--init-groups"] + all
    }
    return try ChildProcess.run(all, log: setupLog)
  }
}
