import CLinux
import Glibc

/// A directory into which another system puts files: found by inotify and by scanning, read once complete, moved to
/// `done/` after their events are committed.
///
/// A file is complete when it was closed after writing or moved in. Names that begin with a dot or end in `.part` are
/// left alone: that is where writers keep what is not complete. At a scan every other name counts as complete, so a
/// writer that does not rename must be done before the daemon starts. Links are not followed, and only regular files
/// are read. One owner at a time.
public final class SpoolDirectory {
  /// A file found and opened; close it when done.
  public struct File: Sendable {
    /// Its name in the directory.
    public var name: String
    /// An open descriptor, for reading.
    public var descriptor: Int32
  }

  /// Something in the directory that cannot be read as a file.
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name at fault; empty for the directory itself.
    public var name: String
    /// What is wrong and what to do.
    public var description: String
  }

  /// Its path.
  public let path: String
  /// A descriptor to poll: readable when something has happened.
  public let watch: Int32
  private let directory: Int32
  /// Names whose trouble was told already.
  private var told: Set<String> = []

  /// Opens a directory, makes `done/` in it and begins to watch.
  public init(path: String) throws(Problem) {
    self.path = path
    directory = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else {
      throw Problem(
        name: "", description: "the spool directory \(path) cannot be opened (\(SpoolDirectory.reason())); make it")
    }
    guard mkdirat(directory, "done", 0o2770) == 0 || errno == EEXIST else {
      let reason = SpoolDirectory.reason()
      close(directory)
      throw Problem(
        name: "done", description: "\(path)/done cannot be made (\(reason)); let the daemon write there")
    }
    watch = inotify_init1(O_CLOEXEC | O_NONBLOCK)
    let mask = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_ONLYDIR)
    guard watch >= 0, inotify_add_watch(watch, path, mask) >= 0 else {
      let reason = SpoolDirectory.reason()
      close(directory)
      if watch >= 0 { close(watch) }
      throw Problem(
        name: "", description: "\(path) cannot be watched (\(reason)); raise fs.inotify.max_user_watches")
    }
  }

  deinit {
    close(watch)
    close(directory)
  }

  /// The names of all files that are there, oldest first; what lies under a name need not be a regular file.
  public func scan() throws(Problem) -> [String] {
    let copy = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
      if copy >= 0 { close(copy) }
      throw Problem(
        name: "", description: "the spool directory \(path) cannot be read (\(SpoolDirectory.reason()))")
    }
    defer { closedir(stream) }
    var found: [(seconds: Int, nanoseconds: Int, name: String)] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard SpoolDirectory.isComplete(name) else { continue }
      var status = stat()
      guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFDIR else {
        continue
      }
      found.append((status.st_mtim.tv_sec, status.st_mtim.tv_nsec, name))
    }
    return found.sorted { ($0.seconds, $0.nanoseconds, $0.name) < ($1.seconds, $1.nanoseconds, $1.name) }.map(
      \.name)
  }

  /// Takes what inotify has told since last asked; true if anything that could be a complete file.
  public func takeNews() -> Bool {
    var news = false
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(watch, &buffer, buffer.count)
      guard count > 0 else { return news }
      buffer.withUnsafeBytes { bytes in
        var at = 0
        while at + 16 <= count {
          let mask = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
          let length = Int(bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
          let name = String(
            decoding: bytes[(at + 16)..<min(at + 16 + length, count)].prefix { $0 != 0 }, as: UTF8.self)
          // A queue that ran over has lost names: look at all of them.
          if mask & UInt32(IN_Q_OVERFLOW) != 0 || SpoolDirectory.isComplete(name) { news = true }
          at += 16 + length
        }
      }
    }
  }

  /// Whether a name is one of a complete file.
  public static func isComplete(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.hasSuffix(".part")
  }

  /// Opens a file found; nil if it is gone, or if its trouble was told before.
  public func open(_ name: String) throws(Problem) -> File? {
    let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    var description = ""
    if descriptor < 0 {
      switch errno {
      case ENOENT: return nil
      case ELOOP: description = "is a link, which is not followed; move the file itself here"
      case EACCES: description = "cannot be read (Permission denied); let the daemon's group read it"
      default: description = "cannot be opened (\(SpoolDirectory.reason()))"
      }
    } else {
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        told.remove(name)
        return File(name: name, descriptor: descriptor)
      }
      close(descriptor)
      description = "is not a regular file; take it away"
    }
    guard told.insert(name).inserted else { return nil }
    throw Problem(name: name, description: "\(path)/\(name) \(description)")
  }

  /// Moves a file whose events are committed into `done/`, under another name where that one is taken.
  public func finish(_ name: String) throws(Problem) {
    for attempt in 0..<10_000 {
      let target = attempt == 0 ? "done/\(name)" : "done/\(name).\(attempt)"
      // RENAME_NOREPLACE
      if bizclock_renameat2(directory, name, directory, target, 1) == 0 {
        let done = openat(directory, "done", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if done >= 0 {
          fsync(done)
          close(done)
        }
        fsync(directory)
        return
      }
      if errno == ENOENT { return }
      guard errno == EEXIST else { break }
    }
    throw Problem(
      name: name,
      description: "\(path)/\(name) cannot be moved to done/ (\(SpoolDirectory.reason())); its events are in")
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}
