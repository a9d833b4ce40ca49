import CLinux
import Glibc

/// A directory into which another system puts files: found by inotify and by scanning, read once complete, moved to
/// `done/` after their events are committed.
///
/// A file is complete when it was closed after writing or moved in. Names that begin with a dot or end in `.part` are
/// left alone: that is where writers keep what is not complete. A file that was there before the watch began counts
/// as complete, so a writer that does not rename must be done before the daemon starts; where the daemon runs already,
/// and where notices were lost, once it has not changed for some seconds. Links are not followed, and only regular files
/// are read. One owner at a time.
///
/// It is the directory that was opened, wherever that is moved to; `isInPlace` tells whether its path still leads
/// there. One file in trouble does not keep others waiting: it is told of once, and what was done with it is
/// remembered.
public final class SpoolDirectory {
  /// A file found and opened; close it when done.
  public struct File: Sendable {
    /// Its name in the directory.
    public var name: String
    /// An open descriptor, for reading.
    public var descriptor: Int32
    /// What was opened.
    let state: SpoolFileState
  }

  /// Something in the directory that cannot be read as a file.
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name at fault; empty for the directory itself.
    public var name: String
    /// What is wrong and what to do.
    public var description: String

    /// A problem; arguments as the properties.
    public init(name: String, description: String) {
      self.name = name
      self.description = description
    }
  }

  /// What a directory is known by, whatever path leads there.
  public struct Place: Sendable, Hashable {
    /// The file system's number.
    let device: UInt
    /// Its number there.
    let inode: UInt
  }

  /// Its path.
  public let path: String
  /// A descriptor to poll: readable when something has happened.
  public let watch: Int32
  private let directory: Int32
  private let identity: SpoolFileState
  private let done: SpoolDone
  /// The system's clock, in seconds.
  private let seconds: () -> Int
  /// What is known of files in trouble.
  private(set) var memory = SpoolMemory()
  /// What writers are at.
  private var writers: SpoolWriters
  /// Whether a scan took news that nobody has asked for yet.
  private var hasUntoldNews = false
  /// Whether there were news after the files were listed last.
  public private(set) var hasUnlistedNews = false
  /// In how many seconds the first of the files rests enough that the last scan left alone for that; nil if there are
  /// none.
  public private(set) var restEnds: Int?
  /// The bytes of names that are not UTF-8, by the names they are given here.
  private var strangeNames: [String: [CChar]] = [:]

  /// Opens a directory, makes `done/` in it and begins to watch. `hasWriters` says whether writers may be at files that
  /// are there already; `seconds` is the system's clock.
  public init(
    path: String, hasWriters: Bool = false, seconds: @escaping () -> Int = { time(nil) }
  ) throws(Problem) {
    self.path = path
    self.seconds = seconds
    writers = SpoolWriters(isBlind: hasWriters)
    directory = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    done = SpoolDone(directory: directory)
    var status = stat()
    guard directory >= 0, fstat(directory, &status) == 0 else {
      let reason = SpoolDirectory.reason()
      if directory >= 0 { close(directory) }
      throw Problem(name: "", description: "the spool directory \(path) cannot be opened (\(reason)); make it")
    }
    identity = SpoolFileState(status)
    guard done.make() else {
      let reason = SpoolDirectory.reason()
      close(directory)
      throw Problem(
        name: "done", description: "\(path)/done cannot be made (\(reason)); let the daemon write there")
    }
    // Set at last: once all is set, deinit closes too.
    let notices = inotify_init1(O_CLOEXEC | O_NONBLOCK)
    guard notices >= 0, inotify_add_watch(notices, path, SpoolWriters.mask) >= 0 else {
      let reason = SpoolDirectory.reason()
      close(directory)
      if notices >= 0 { close(notices) }
      throw Problem(
        name: "", description: "\(path) cannot be watched (\(reason)); raise fs.inotify.max_user_watches")
    }
    watch = notices
  }

  deinit {
    close(watch)
    close(directory)
  }

  /// What it is known by.
  public var place: Place { Place(device: identity.device, inode: identity.inode) }

  /// Whether its path still leads to it: it may have been moved away, or another been mounted over it.
  public var isInPlace: Bool {
    var status = stat()
    return stat(path, &status) == 0 && SpoolFileState(status).isSameFile(as: identity)
  }

  /// The names of all files that are there and complete, oldest first; what lies under a name need not be a regular
  /// file. `goesOn` is told now and then: a directory of many files on a slow disk takes long to look through.
  public func scan(goesOn: () -> Void = {}) throws(Problem) -> [String] {
    // A file made after the news were taken would look complete: the news of it are taken after it was listed. What
    // came to be complete meanwhile may not be on the list, so that one more look is needed; where they never end, the
    // next scan is it.
    var looks = 0
    while true {
      hasUnlistedNews = false
      let listed = try list(goesOn)
      writers.list(listed.lazy.map(\.key))
      looks += 1
      if takeNotices() { hasUntoldNews = true }
      if !hasUnlistedNews || looks == 9 { return complete(listed) }
    }
  }

  private func complete(_ listed: [Entry]) -> [String] {
    let now = seconds()
    restEnds = nil
    return listed.filter { entry in
      let rest = writers.rest(
        of: entry.key, size: entry.size, links: entry.links, sinceChange: now - entry.changed)
      guard let rest else { return true }
      if rest < .max { restEnds = min(restEnds ?? rest, rest) }
      return false
    }.map(\.name)
  }

  private struct Entry {
    var name: String
    var key: [CChar]
    var size: Int
    var links: Int
    var time: timespec
    /// When its content or links changed last, by the system's clock.
    var changed: Int
  }

  private func list(_ goesOn: () -> Void) throws(Problem) -> [Entry] {
    // A descriptor of its own, with a position of its own, of the very directory that files are opened in.
    let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let reason = SpoolDirectory.reason()
      if copy >= 0 { close(copy) }
      throw Problem(name: "", description: "the spool directory \(path) cannot be read (\(reason))")
    }
    defer { closedir(stream) }
    var found: [Entry] = []
    strangeNames.removeAll()
    var failure: Int32 = 0
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        failure = errno
        break
      }
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
      if found.count % 256 == 0 { goesOn() }
      found.append(
        Entry(
          name: name, key: key, size: Int(status.st_size), links: Int(status.st_nlink), time: status.st_mtim,
          changed: status.st_ctim.tv_sec))
    }
    guard failure == 0 else {
      throw Problem(
        name: "", description: "the spool directory \(path) cannot be read (\(SystemMessage.text(failure)))")
    }
    if !memory.isEmpty {
      let names = Set(found.map(\.name))
      memory.keep { names.contains($0) }
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
      if news { hasUnlistedNews = true }
    }
  }

  /// Whether a name is one of a complete file; `done` is the daemon's own, whatever it is.
  public static func isComplete(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.hasSuffix(".part") && name != "done"
  }

  /// Opens a file found; nil if there is nothing to read: it is gone, its trouble was told before, its reading
  /// failed lately, or only its move was left, which is tried again.
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
        let file = File(name: name, descriptor: descriptor, state: SpoolFileState(status))
        let standing = memory.standing(name, file.state)
        if standing == .unread { return file }
        close(descriptor)
        if standing == .committed { try finish(file) }
        return nil
      }
      close(descriptor)
      description = "is not a regular file; take it away"
    }
    if let problem = problem(name, done.state(key(name)), description) { throw problem }
    return nil
  }

  /// Moves a file whose events are committed into `done/`, under another name where that one is taken.
  ///
  /// A file that was written to or replaced since it was opened stays: it holds what has not been read, and the next
  /// scan finds it again. One that cannot be moved is told of once; opening it again tries the move again.
  public func finish(_ file: File) throws(Problem) {
    guard let number = done.take(key(file.name), in: file.state) else {
      memory.forget(file.name)
      return
    }
    memory.commit(file.name, file.state)
    let reason = SystemMessage.text(number)
    if let problem = problem(
      file.name, file.state,
      "cannot be moved to done/ (\(reason)); its events are in; \(SpoolDone.remedy(number))")
    {
      throw problem
    }
  }

  /// Lets a file be whose reading failed: it is not opened again before it changes or `retryFailed`; what is to be
  /// told, unless it was told before.
  public func fail(_ file: File, _ reason: String) -> Problem? {
    memory.fail(file.name, file.state)
    return problem(
      file.name, file.state,
      "cannot be taken in (\(reason)); put that right or take it away; it is tried again every minute")
  }

  /// Lets every file be opened again whose reading failed.
  public func retryFailed() { memory.retryFailed() }

  /// A file's problem, unless it was told before of the file in that state.
  private func problem(_ name: String, _ state: SpoolFileState?, _ what: String) -> Problem? {
    guard memory.isNew(what, of: name, state) else { return nil }
    return Problem(name: name, description: "\(path)/\(name) \(what)")
  }

  /// The bytes of a name, with the zero at their end.
  private func key(_ name: String) -> [CChar] { strangeNames[name] ?? SpoolName.key(name) }

  private static func reason() -> String { SystemMessage.text(errno) }
}
