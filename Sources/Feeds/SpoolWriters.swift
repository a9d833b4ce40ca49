import CLinux
import Glibc

/// What inotify tells of the writers of a directory: which files they are at, and which are done.
struct SpoolWriters {
  /// What is watched for.
  static let mask =
    UInt32(IN_CREATE) | UInt32(IN_MODIFY) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
    | UInt32(IN_DELETE) | UInt32(IN_MOVE_SELF) | UInt32(IN_DELETE_SELF) | UInt32(IN_ONLYDIR)

  /// How many seconds a file that was made and never told of again has to rest.
  ///
  /// A copy inside the kernel tells of nothing until the call returns, but the time of the file's last change goes
  /// with it. The minute's scan comes later than this.
  static let rest = 10

  private enum State {
    /// Made, by a writer that may not have written yet, or as a further name of a file that is complete.
    case made
    /// Written to, not closed.
    case written
  }

  private var states: [[CChar]: State] = [:]

  /// Whether a file is still being written: its name's bytes, its size, how many names it has, and how many seconds
  /// ago it changed by the system's clock.
  func holds(_ key: [CChar], size: Int, links: Int, sinceChange: Int) -> Bool {
    switch states[key] {
    case .written: true
    // A further name is given to a file that is there, and told of no more; so is the one name that is left of such
    // a file, which nothing but its rest tells from a file being copied. A change in the future is one before the
    // clock was put back.
    case .made: links == 1 && (size == 0 || abs(sinceChange) <= SpoolWriters.rest)
    case nil: false
    }
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
      // Names are lost, with them who is done: look at all of them.
      states.removeAll()
      return true
    }
    // The directory itself was moved or is gone.
    if has(IN_MOVE_SELF, IN_DELETE_SELF, IN_UNMOUNT) { return true }
    guard !has(IN_ISDIR), SpoolDirectory.isComplete(SpoolName.text(key)) else { return false }
    if has(IN_CLOSE_WRITE, IN_MOVED_TO) {
      states[key] = nil
      return true
    }
    if has(IN_MOVED_FROM, IN_DELETE) {
      states[key] = nil
    } else if has(IN_MODIFY) {
      states[key] = .written
    } else if has(IN_CREATE) {
      states[key] = .made
      // It may be a further name of a complete file, of which nothing more is told.
      return true
    }
    return false
  }
}
