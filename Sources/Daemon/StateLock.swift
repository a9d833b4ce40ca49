import Glibc

/// That the files of a state directory are one program's: held while this lives, and let go by a crash.
final class StateLock: Sendable {
  private let descriptor: Int32

  /// Takes the files of a directory; fails while another program has them.
  init(_ directory: String) throws(StateFile.Failure) {
    let path = directory + "/lock"
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard opened >= 0 else {
      throw StateFile.Failure(description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      close(opened)
      throw StateFile.Failure(
        description: "another daemon uses \(directory); give each a state_directory of its own")
    }
    descriptor = opened
  }

  deinit { close(descriptor) }
}
