import Glibc

/// A PostgreSQL cluster of the program's own, in its state directory: reached by a socket in a directory of mode
/// 0700, by peer authentication, never by TCP. Run by root, the server is the user `postgres`.
public struct PrivateCluster: Sendable {
  /// Where data, socket and log are.
  public let directory: String
  private let binaries: String
  private let settings: [String: String]
  private let asPostgres: Bool

  private var data: String { directory + "/data" }
  /// The data in the making; they get their name when they are whole.
  private var fresh: String { directory + "/data.new" }
  private var log: String { directory + "/postgres.log" }
  private var setupLog: String { directory + "/setup.log" }
  private var socket: String { directory + "/socket" }

  /// The database and its owner.
  private static let name = "bizclock"

  /// A cluster in `directory`, which is made if need be; nothing is started.
  ///
  /// - Parameter settings: server settings beside our own.
  public init(directory: String, settings: [String: String] = [:]) throws(PostgresError) {
    guard let binaries = PrivateCluster.findBinaries() else {
      throw PostgresError(
        .unreachable, operation: "private database",
        message: "PostgreSQL's server programs are not installed; install the Debian package postgresql")
    }
    self.binaries = binaries
    self.settings = settings
    // The server is told its directories by name, whatever folder it runs in.
    self.directory = try PrivateCluster.absolute(directory)
    asPostgres = geteuid() == 0
    // A socket's path must fit into sockaddr_un.
    guard (self.directory + "/socket/.s.PGSQL.5432").utf8.count < 107 else {
      throw PostgresError(
        .unreachable, operation: "private database",
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

  /// The newest server programs: `BIZCLOCK_POSTGRES_BIN`, Debian's place, or where `postgres` is on the path.
  static func findBinaries() -> String? {
    if let given = getenv("BIZCLOCK_POSTGRES_BIN") { return String(cString: given) }
    var found = glob_t()
    defer { globfree(&found) }
    var best: (version: Int, path: String)?
    if glob("/usr/lib/postgresql/*/bin/postgres", 0, nil, &found) == 0 {
      for index in 0..<Int(found.gl_pathc) {
        guard let raw = found.gl_pathv[index] else { continue }
        let path = String(cString: raw)
        let parts = path.split(separator: "/")
        guard parts.count > 3, let version = Int(parts[3]), version > best?.version ?? 0 else { continue }
        best = (version, String(path.dropLast("/postgres".count)))
      }
    }
    if let best { return best.path }
    for entry in (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":")
    where access(entry + "/initdb", X_OK) == 0 { return String(entry) }
    return nil
  }

  /// Makes the cluster if it is new, starts it if it does not run, and gives the conninfo of its database.
  public func start() async throws -> String {
    try makeDirectories()
    if access(data, F_OK) != 0 { try initialize() }
    // A server that outlived its program serves on: it is the same cluster.
    if try run(["pg_ctl", "-D", data, "status"]) != 0 {
      // Compiling the dashboards' queries costs more than it gains.
      var options =
        "-c jit=off -c listen_addresses='' -c unix_socket_directories='\(socket)' -c unix_socket_permissions=0700"
      for (name, value) in settings.sorted(by: { $0.key < $1.key }) { options += " -c \(name)='\(value)'" }
      guard try run(["pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start"]) == 0 else {
        throw PostgresError(
          .unreachable, operation: "private database", message: "the server did not start; its log is \(log)")
      }
    }
    let server = "host=\(socket) port=5432 user=\(PrivateCluster.name)"
    let connection = try await Connection.connect(server + " dbname=postgres")
    try await connection.run { session in
      let there = try session.execute("SELECT FROM pg_database WHERE datname = $1", [.text(PrivateCluster.name)])
      if there.rowCount == 0 { try session.execute("CREATE DATABASE \(PrivateCluster.name)") }
    }
    await connection.close()
    return server + " dbname=\(PrivateCluster.name)"
  }

  /// Stops the server and waits until it has; `fast` lets it write what it has, otherwise it just ends.
  public func stop(fast: Bool = true) throws(PostgresError) {
    guard try run(["pg_ctl", "-D", data, "status"]) == 0 else { return }
    _ = try run(["pg_ctl", "-D", data, "-w", "-t", "60", "-m", fast ? "fast" : "immediate", "stop"])
  }

  /// Ends the server when this process ends, however that is, and removes the cluster; for one that is thrown away.
  ///
  /// A watcher of its own session reads a pipe whose other end only this process holds.
  public func endWithThisProcess() {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let script = #"cat >/dev/null; kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; rm -rf "$1""#
    let words = ["setsid", "sh", "-c", script, "sh", directory]
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    var child: pid_t = 0
    posix_spawnp(&child, "setsid", &actions, nil, argv, environ)
    // The writing end stays open until this process ends.
    close(ends[0])
  }

  private func makeDirectories() throws(PostgresError) {
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/" + part
      if access(path, F_OK) != 0, mkdir(path, 0o755) != 0, errno != EEXIST { throw cannot("make", path) }
    }
    if access(socket, F_OK) != 0, mkdir(socket, 0o700) != 0 { throw cannot("make", socket) }
    guard asPostgres else { return }
    guard let user = getpwnam("postgres") else {
      throw PostgresError(
        .unreachable, operation: "private database",
        message: "there is no user postgres to run the server as; install the Debian package postgresql")
    }
    // The server must own its data and be able to write its log beside them.
    for path in [directory, socket] where chown(path, user.pointee.pw_uid, user.pointee.pw_gid) != 0 {
      throw cannot("give to postgres", path)
    }
  }

  private func initialize() throws(PostgresError) {
    // What an interrupted start has left.
    _ = try ChildProcess.run(["rm", "-rf", fresh])
    let arguments = [
      "initdb", "-D", fresh, "-U", PrivateCluster.name, "-E", "UTF8", "--locale=C", "--auth=peer", "-N",
    ]
    guard try run(arguments) == 0 else {
      throw PostgresError(
        .unreachable, operation: "private database", message: "initdb failed; its log is \(setupLog)")
    }
    // Who may be the owner of the database: whoever runs the program, and the server's own user.
    var users = ["root", "postgres"]
    if let me = getpwuid(geteuid()) { users.append(String(cString: me.pointee.pw_name)) }
    let map = Set(users).sorted().map { "bizclock \($0) \(PrivateCluster.name)\n" }.joined()
    try write(map, to: fresh + "/pg_ident.conf")
    try write("local all all peer map=bizclock\n", to: fresh + "/pg_hba.conf")
    guard rename(fresh, data) == 0 else { throw cannot("make", data) }
  }

  private func write(_ text: String, to path: String) throws(PostgresError) {
    let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw cannot("write", path) }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw cannot("write", path)
    }
  }

  private func run(_ arguments: [String]) throws(PostgresError) -> Int32 {
    var all = [binaries + "/" + (arguments.first ?? "")] + arguments.dropFirst()
    if asPostgres { all = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + all }
    return try ChildProcess.run(all, log: setupLog)
  }

  private func cannot(_ what: String, _ path: String) -> PostgresError {
    PostgresError(
      .unreachable, operation: "private database",
      message: "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
