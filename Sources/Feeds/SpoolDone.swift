import CLinux
import Glibc

/// The folder of a spool directory into which files go whose events are committed.
struct SpoolDone {
  /// The spool directory's descriptor.
  let directory: Int32

  /// Makes the folder where there is nothing of its name; false, with `errno`, where that fails.
  func make() -> Bool { mkdirat(directory, "done", 0o770) == 0 || errno == EEXIST }

  /// Moves a file, under another name where its own is taken; the error's number where it cannot be moved.
  ///
  /// A file that is gone, that was written to or replaced since it was in the state given, stays as it is.
  func take(_ source: [CChar], in before: SpoolFileState) -> Int32? {
    let plain = source.dropLast()
    let folder = "done/".utf8.map { CChar(bitPattern: $0) }
    var remade = false
    var attempt = 0
    while true {
      guard let now = state(source), now == before else { return nil }
      let target = folder + plain + suffix(attempt, before).utf8.map { CChar(bitPattern: $0) } + [0]
      // RENAME_NOREPLACE
      if bizclock_renameat2(directory, source, directory, target, 1) == 0 {
        // Written to or replaced between the look and the move: what was moved has not been read, so it goes back.
        if let moved = state(target), moved != before,
          bizclock_renameat2(directory, target, directory, source, 1) == 0
        {
          return nil
        }
        keepMoves()
        return nil
      }
      let number = errno
      if number == EEXIST, attempt < 10_000 {
        attempt += 1
      } else if number == ENOENT, !remade, make() {
        // The file went, or the folder did: the look tells.
        remade = true
      } else {
        return number
      }
    }
  }

  /// What makes a name that is taken another: a number, and where there are many of them the time of the file; a sender
  /// that calls every file the same would have to be given ever higher numbers.
  private func suffix(_ attempt: Int, _ state: SpoolFileState) -> String {
    switch attempt {
    case 0: ""
    case ..<10: ".\(attempt)"
    case 10: ".\(state.modified)"
    default: ".\(state.modified).\(attempt - 10)"
    }
  }

  /// What to do about a move that failed.
  static func remedy(_ number: Int32) -> String {
    switch number {
    case EXDEV: "let done/ be a directory of the same file system"
    case EACCES, EPERM: "let the daemon write there"
    case ENOSPC, EDQUOT: "make room there"
    case EROFS: "let the file system be written to"
    case ENOTDIR, ENOENT, ELOOP: "let done/ be a directory"
    case EEXIST, EMLINK: "take files out of done/"
    default: "put that right"
    }
  }

  /// What is under a name now.
  func state(_ key: [CChar]) -> SpoolFileState? {
    var status = stat()
    guard fstatat(directory, key, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return SpoolFileState(status)
  }

  /// Makes moves last through a crash of the machine.
  private func keepMoves() {
    let done = openat(directory, "done", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if done >= 0 {
      fsync(done)
      close(done)
    }
    fsync(directory)
  }
}
