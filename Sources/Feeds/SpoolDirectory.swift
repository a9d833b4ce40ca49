import CLinux
import Glibc

/// A directory into which another system puts files: found by inotify and by scanning, read once complete, moved to
/// `done/` after their events are committed.
///
/// A file is complete when it was closed after writing or moved in. Names that begin with a dot or end in `.part` are
/// left alone: that is where writers keep what is not complete. A file that was there before the watch began counts
/// as complete, so a writer that does not rename must be done before the daemon starts. Links are not followed, and
/// only regular files are read. One owner at a time.
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
  /// What writers are at.
  private var writers = SpoolWriters()
  /// Whether a scan took news that nobody has asked for yet.
  private var hasUntoldNews = false
  /// The bytes of names that are not UTF-8, by the names they are given here.
  private var strangeNames: [String: [CChar]] = [:]
  /// What was opened under each name.
  private var opened: [String: SpoolFileState] = [:]

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
    guard watch >= 0, inotify_add_watch(watch, path, SpoolWriters.mask) >= 0 else {
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

  /// The names of all files that are there and complete, oldest first; what lies under a name need not be a regular
  /// file.
  public func scan() throws(Problem) -> [String] {
    // A file made after the news were taken would look complete: the news of it are taken after it was listed. What
    // came to be complete meanwhile may not be on the list, so that one more look is needed.
    for _ in 0..<8 {
      let listed = try list()
      guard takeNotices() else { return listed.filter { !writers.holds($0.key, size: $0.size) }.map(\.name) }
      hasUntoldNews = true
    }
    return try list().filter { !writers.holds($0.key, size: $0.size) }.map(\.name)
  }

  private struct Entry {
    var name: String
    var key: [CChar]
    var size: Int
    var time: timespec
  }

  private func list() throws(Problem) -> [Entry] {
    let copy = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let reason = SpoolDirectory.reason()
      if copy >= 0 { close(copy) }
      throw Problem(name: "", description: "the spool directory \(path) cannot be read (\(reason))")
    }
    defer { closedir(stream) }
    var found: [Entry] = []
    strangeNames.removeAll()
    while let entry = readdir(stream) {
      let key = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      let name = SpoolName.text(key)
      guard SpoolDirectory.isComplete(name) else { continue }
      var status = stat()
      guard fstatat(directory, key, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFDIR else {
        continue
      }
      if !SpoolName.isText(key) { strangeNames[name] = key }
      found.append(Entry(name: name, key: key, size: Int(status.st_size), time: status.st_mtim))
    }
    return found.sorted {
      ($0.time.tv_sec, $0.time.tv_nsec, $0.name) < ($1.time.tv_sec, $1.time.tv_nsec, $1.name)
    }
  }

  /// Takes what inotify has told since last asked; true if anything that could be a complete file.
  public func takeNews() -> Bool {
    let news = takeNotices() || hasUntoldNews
    hasUntoldNews = false
    return news
  }

  private func takeNotices() -> Bool {
    var news = false
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(watch, &buffer, buffer.count)
      guard count > 0 else { return news }
      buffer.withUnsafeBytes { bytes in
        if writers.note(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { news = true }
      }
    }
  }

  /// Whether a name is one of a complete file.
  public static func isComplete(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.hasSuffix(".part")
  }

  /// Opens a file found; nil if it is gone, or if its trouble was told before.
  public func open(_ name: String) throws(Problem) -> File? {
    let descriptor = openat(directory, key(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    var description = ""
    if descriptor < 0 {
      switch errno {
      case ENOENT: return nil
      case ELOOP: description = "is a link, which is not followed; move the file itself here"
      case EACCES: description = "cannot be read (Permission denied); let the daemon's group read it"
      // A socket, or a device that is not there.
      case ENXIO, ENODEV: description = "is not a regular file; take it away"
      default: description = "cannot be opened (\(SpoolDirectory.reason()))"
      }
    } else {
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        told.remove(name)
        opened[name] = SpoolFileState(status)
        return File(name: name, descriptor: descriptor)
      }
      close(descriptor)
      description = "is not a regular file; take it away"
    }
    guard told.insert(name).inserted else { return nil }
    throw Problem(name: name, description: "\(path)/\(name) \(description)")
  }

  /// Moves a file whose events are committed into `done/`, under another name where that one is taken.
  ///
  /// A file that was written to or replaced since it was opened stays: it holds what has not been read, and the next
  /// scan finds it again.
  public func finish(_ name: String) throws(Problem) {
    let before = opened.removeValue(forKey: name)
    let source = key(name)
    let plain = source.dropLast()
    let folder = "done/".utf8.map { CChar(bitPattern: $0) }
    if let before, let now = state(source), now != before { return }
    for attempt in 0..<10_000 {
      let suffix = attempt == 0 ? "" : ".\(attempt)"
      let target = folder + plain + suffix.utf8.map { CChar(bitPattern: $0) } + [0]
      // RENAME_NOREPLACE
      if bizclock_renameat2(directory, source, directory, target, 1) == 0 {
        // Replaced between the look and the move: what was moved has not been read, so it goes back.
        if let before, let moved = state(target), !moved.isSameFile(as: before),
          bizclock_renameat2(directory, target, directory, source, 1) == 0
        {
          return
        }
        keepMoves()
        return
      }
      if errno == ENOENT { return }
      guard errno == EEXIST else { break }
    }
    throw Problem(
      name: name,
      description: "\(path)/\(name) cannot be moved to done/ (\(SpoolDirectory.reason())); its events are in")
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

  private func state(_ key: [CChar]) -> SpoolFileState? {
    var status = stat()
    guard fstatat(directory, key, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return SpoolFileState(status)
  }

  /// The bytes of a name, with the zero at their end.
  private func key(_ name: String) -> [CChar] { strangeNames[name] ?? SpoolName.key(name) }

  private static func reason() -> String { SystemMessage.text(errno) }
}
