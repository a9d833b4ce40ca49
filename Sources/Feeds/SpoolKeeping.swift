import CLinux
import Glibc

/// Clears the folder of a spool into which files go that were taken in: what came there long ago is deleted.
///
/// Only regular files, and only what lies in the folder itself. How old a file is counts from its last move or change
/// (ctime), not from the time that its writer gave it: a file of last year that came today is new here.
public struct SpoolKeeping: Sendable {
  /// What was deleted.
  public struct Outcome: Sendable, Equatable {
    /// Files.
    public var files = 0
    /// Their bytes.
    public var bytes: Int64 = 0
    /// Whether there may be more: so many were allowed.
    public var more = false
    /// What cannot be deleted, and why: the first only.
    public var problem: String?
  }

  /// The spool directory.
  public let path: String

  /// The folder of a spool directory.
  public init(path: String) { self.path = path }

  /// Deletes at most so many of the files that came before a moment, in seconds since 1970.
  public func clear(before moment: Int, atMost limit: Int = 1_000) -> Outcome {
    var outcome = Outcome()
    let folder = open(path + "/done", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    // No such folder, nothing to keep: the feed says what is wrong with its spool.
    guard folder >= 0 else { return outcome }
    guard let stream = fdopendir(folder) else {
      close(folder)
      return outcome
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let key = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      var status = stat()
      guard fstatat(folder, key, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_ctim.tv_sec < moment
      else { continue }
      guard outcome.files < limit else {
        outcome.more = true
        break
      }
      if unlinkat(folder, key, 0) == 0 {
        outcome.files += 1
        outcome.bytes += Int64(status.st_size)
      } else if errno != ENOENT, outcome.problem == nil {
        outcome.problem = "\(path)/done/\(SpoolName.text(key)) cannot be deleted (\(SystemMessage.text(errno)))"
      }
    }
    return outcome
  }
}
