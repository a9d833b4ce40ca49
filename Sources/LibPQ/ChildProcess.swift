import Glibc

/// A program run to its end, its output in a file.
enum ChildProcess {
  /// Runs a program and gives its exit status; output goes to `log`, or nowhere.
  static func run(_ arguments: [String], log: String? = nil) throws(PostgresError) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    // A program's own terminal signals are not the server's: it gets a process group of its own.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var child: pid_t = 0
    let name = arguments.first ?? ""
    let failure = posix_spawnp(&child, name, &actions, &attributes, argv, environ)
    guard failure == 0 else {
      throw PostgresError(
        .unreachable, operation: name, message: "cannot be run: \(String(cString: strerror(failure)))")
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else {
        throw PostgresError(.unreachable, operation: name, message: "its end cannot be waited for")
      }
    }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }
}
