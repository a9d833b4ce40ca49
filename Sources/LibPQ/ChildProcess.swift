import CLinux
import Glibc

/// A program run to its end, its output in a file or in memory.
///
/// It gets of this process's environment only what every program needs: a password in a variable of libpq or of ours
/// is not for a server that outlives us, nor is the socket on which systemd waits for our word.
enum ChildProcess {
  /// Variables that are handed on, beside those that begin with `LC_`.
  private static let handedOn: Set<String> = [
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
  ]

  /// What a child sees of the environment; free it with `free(_:)`.
  static func environment() -> [UnsafeMutablePointer<CChar>?] {
    var kept: [UnsafeMutablePointer<CChar>?] = []
    var next = Glibc.environ
    while let entry = next.pointee {
      let name = String(cString: entry).prefix { $0 != "=" }
      if handedOn.contains(String(name)) || name.hasPrefix("LC_") { kept.append(strdup(entry)) }
      next += 1
    }
    return kept + [nil]
  }

  /// Runs a program and gives its exit status; output goes to `log`, or nowhere.
  static func run(_ arguments: [String], log: String? = nil) throws(PostgresError) -> Int32 {
    try wait(
      for: spawn(arguments) { actions in
        posix_spawn_file_actions_addopen(&actions, 1, log ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
      }, arguments)
  }

  /// What a program writes to its standard output and error, at most 64 KiB.
  static func output(_ arguments: [String]) throws(PostgresError) -> String {
    var ends: [Int32] = [0, 0]
    guard bizclock_closing_pipe(&ends) == 0 else {
      throw PostgresError(.unreachable, operation: arguments.first ?? "", message: "no pipe can be made")
    }
    let write = ends[1]
    defer { close(ends[0]) }
    let child = Result { () throws(PostgresError) in
      try spawn(arguments) { actions in posix_spawn_file_actions_adddup2(&actions, write, 1) }
    }
    close(write)
    let process = try child.get()
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0, text.count < 65_536 else { break }
      text += buffer[..<count]
    }
    _ = try wait(for: process, arguments)
    return String(decoding: text, as: UTF8.self)
  }

  private static func spawn(
    _ arguments: [String], _ output: (inout posix_spawn_file_actions_t) -> Void
  ) throws(PostgresError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    output(&actions)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A server outlives us: what it held open of ours, a pipe say, would never come to its end.
    bizclock_close_from(&actions, 3)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    argv.append(nil)
    var variables = environment()
    defer { (argv + variables).forEach { free($0) } }
    // A program's own terminal signals are not the server's: it gets a process group of its own.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var child: pid_t = 0
    let name = arguments.first ?? ""
    let failure = posix_spawnp(&child, name, &actions, &attributes, argv, &variables)
    guard failure == 0 else {
      throw PostgresError(
        .unreachable, operation: name, message: "cannot be run: \(String(cString: strerror(failure)))")
    }
    return child
  }

  private static func wait(for child: pid_t, _ arguments: [String]) throws(PostgresError) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else {
        throw PostgresError(
          .unreachable, operation: arguments.first ?? "", message: "its end cannot be waited for")
      }
    }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }
}
