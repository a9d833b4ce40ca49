import Glibc

/// What keeps a server from being started, with what to do.
extension PrivateCluster {
  /// Refuses data of another major version, with what to do.
  func checkVersion() throws(PostgresError) {
    guard let there = ServerPrograms.major(of: data), let ours = programs.major, there != ours else { return }
    throw PostgresError(
      .setup, operation: "private database",
      message: "\(data) was made by PostgreSQL \(there), and the server programs in \(programs.folder) are of "
        + "\(ours); install the Debian package postgresql-\(there)"
        + (there < ours
          ? ", or bring the data over: /usr/lib/bizclock/upgrade-private-database \(directory)" : "")
    )
  }

  /// Refuses data of another user than the server's: whoever may not read them may not tell either whether a server
  /// works on them.
  func checkOwner() throws(PostgresError) {
    let user = servant?.user ?? geteuid()
    guard let owner = SmallFile.owner(data), owner != user else { return }
    let (name, ours) = (Servant.name(owner), Servant.name(user))
    throw PostgresError(
      .setup, operation: "private database",
      message: "\(data) belongs to \(name), and the server would run as \(ours); "
        + (servant == nil ? "run this as \(name) or as root, or " : "")
        + "give the data over, once no server works on them: chown -R \(ours) \(directory)")
  }

  /// Refuses to start beside a process that may be a server, which this user may not look into.
  func checkHidden() throws(PostgresError) {
    guard let pid = postmaster.hidden else { return }
    throw PostgresError(
      .unreachable, operation: "private database",
      message: "process \(pid) of another user seems to be a server of \(data), from before they were given to "
        + "\(Servant.name(servant?.user ?? geteuid())); look at it, as root: ps -fp \(pid), and end a server with: "
        + "kill -INT \(pid)")
  }

  func cannot(_ what: String, _ path: String) -> PostgresError {
    PostgresError(
      .unreachable, operation: "private database",
      message: "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
