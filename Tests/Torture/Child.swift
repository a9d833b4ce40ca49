import Glibc
import Synchronization

/// A program started in a process group of its own, and its end.
enum Child {
  /// What kept a program from starting.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// One at a time, so that no child gets an end of a pipe that was made for another.
  private static let starting = Mutex(())

  /// Starts a program; its output and errors go to descriptors.
  static func start(_ arguments: [String], output: Int32, errors: Int32) throws -> pid_t {
    try starting.withLock { _ in try spawn(arguments, output: output, errors: errors) }
  }

  /// Starts a program whose errors go into a pipe; gives the end to read from.
  static func startPiped(_ arguments: [String]) throws -> (pid: pid_t, log: Int32) {
    try starting.withLock { _ in
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw Failure(description: "no pipe can be made") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      // F_SETPIPE_SZ: a page, so that a reader that stops is felt at once.
      _ = fcntl(ends[1], 1_031, 4_096)
      defer { close(ends[1]) }
      let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
      defer { close(nothing) }
      return (try spawn(arguments, output: nothing, errors: ends[1]), ends[0])
    }
  }

  private static func spawn(_ arguments: [String], output: Int32, errors: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    // What the caller's environment says of a database or a journal is not meant here.
    let kept = ["PATH", "HOME", "LANG", "TMPDIR", "BIZCLOCK_POSTGRES_BIN"]
    let environment = kept.compactMap { name in getenv(name).map { "\(name)=" + String(cString: $0) } }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
    argv.append(nil)
    envp.append(nil)
    defer { (argv + envp).forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
    guard code == 0 else {
      throw Failure(description: "\(arguments[0]) cannot be run: \(String(cString: strerror(code)))")
    }
    return pid
  }

  /// Waits for the end: the exit status, or 128 and the signal.
  static func wait(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return -1 } }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  /// Does what blocks on a thread of its own.
  static func aside<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { done in
      AsideThread { done.resume(returning: body()) }.start()
    }
  }
}

/// A detached thread.
final class AsideThread: Sendable {
  private let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func start() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<AsideThread>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_detach(thread)
  }
}
