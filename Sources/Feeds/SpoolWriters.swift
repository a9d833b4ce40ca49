import CLinux
import Glibc

/// What inotify tells of the writers of a directory: which files they are at, and which are done.
struct SpoolWriters {
  /// What is watched for. Not for names that go: what is listed tells that, and each file moved to `done/` would take a
  /// place in the queue of the notices.
  static let mask =
    UInt32(IN_CREATE) | UInt32(IN_MODIFY) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVE_SELF)
    | UInt32(IN_DELETE_SELF) | UInt32(IN_ONLYDIR)

  /// How many seconds a file that was made and never told of again has to rest.
  ///
  /// A copy inside the kernel tells of nothing until the call returns, but the time of the file's last change goes
  /// with it.
  static let rest = 10

  private enum State {
    /// Made, by a writer that may not have written yet, or as a further name of a file that is complete.
    case made
    /// Written to, not closed.
    case written
  }

  private var states: [[CChar]: State] = [:]
  /// Whether there may be writers of which nothing was told, or no longer is known.
  private var isBlind: Bool

  /// `isBlind` says whether writers may be at what is there already.
  init(isBlind: Bool = false) { self.isBlind = isBlind }

  /// For how many seconds more a file counts as being written, `.max` until it is told of; nil if it is complete. Given
  /// are its name's bytes, its size, how many names it has, and how many seconds ago it changed by the system's clock.
  func rest(of key: [CChar], size: Int, links: Int, sinceChange: Int) -> Int? {
    switch states[key] ?? (isBlind ? .made : nil) {
    case .written: .max
    // A further name is given to a file that is there, and told of no more; so is the one name that is left of such
    // a file, which nothing but its rest tells from a file being copied. A change in the future is one before the
    // clock was put back.
    case .made where links == 1 && size == 0: .max
    case .made where links == 1 && abs(sinceChange) <= SpoolWriters.rest: SpoolWriters.rest + 1 - sinceChange
    case .made, nil: nil
    }
  }

  /// Takes the names that are there, all notices before them having been taken: those that are gone are forgotten, and
  /// where writers may not be known all others count as made.
  mutating func list(_ keys: some Sequence<[CChar]>) {
    guard isBlind || !states.isEmpty else { return }
    var listed: [[CChar]: State] = [:]
    for key in keys { listed[key] = states[key] ?? (isBlind ? .made : nil) }
    states = listed
    isBlind = false
  }

  /// Takes notices as inotify writes them; true if any is of a file that may be complete.
  mutating func note(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var news = false
    var at = 0
    while at + 16 <= bytes.count {
      let mask = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
      let length = Int(bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
      let name = bytes[(at + 16)..<min(at + 16 + length, bytes.count)].prefix { $0 != 0 }
      if note(mask, name.map { CChar(bitPattern: $0) } + [0]) { news = true }
      at += 16 + length
    }
    return news
  }

  private mutating func note(_ mask: UInt32, _ key: [CChar]) -> Bool {
    func has(_ flags: Int32...) -> Bool { flags.contains { mask & UInt32($0) != 0 } }
    if has(IN_Q_OVERFLOW) {
      // Names are lost, with them who has begun and who is done: look at all of them.
      states.removeAll()
      isBlind = true
      return true
    }
    // The directory itself was moved or is gone.
    if has(IN_MOVE_SELF, IN_DELETE_SELF, IN_UNMOUNT) { return true }
    guard !has(IN_ISDIR), SpoolDirectory.isComplete(SpoolName.text(key)) else { return false }
    if has(IN_CLOSE_WRITE, IN_MOVED_TO) {
      states[key] = nil
      return true
    }
    if has(IN_MODIFY) {
      states[key] = .written
    } else if has(IN_CREATE) {
      states[key] = .made
      // It may be a further name of a complete file, of which nothing more is told.
      return true
    }
    return false
  }
}
