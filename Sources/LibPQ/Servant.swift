import Glibc

/// Whom a private cluster's server runs as where this program is root, which PostgreSQL refuses to be.
struct Servant {
  let name: String
  let user: uid_t
  let group: gid_t

  /// The owner of a cluster's data. New ones are for whoever has the state directory, who is the daemon; where that is
  /// root's or not there yet, for the user `bizclock`, or else `postgres`. Nil where this program is not root.
  static func find(for directory: String) throws(PostgresError) -> Servant? {
    guard geteuid() == 0 else { return nil }
    let state = directory.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    for path in [directory + "/data", state] {
      if let owner = SmallFile.owner(path), owner != 0, let user = getpwuid(owner) { return Servant(user) }
    }
    for name in ["bizclock", "postgres"] {
      if let user = getpwnam(name) { return Servant(user) }
    }
    throw PostgresError(
      .setup, operation: "private database",
      message: "there is no user postgres to run the server as; install the Debian package postgresql")
  }

  /// A user's name, or the number of one who has none.
  static func name(_ user: uid_t) -> String {
    getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "\(user)"
  }

  private init(_ user: UnsafeMutablePointer<passwd>) {
    name = String(cString: user.pointee.pw_name)
    self.user = user.pointee.pw_uid
    group = user.pointee.pw_gid
  }
}
