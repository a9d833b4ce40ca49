import CLinux
import Glibc

/// The server of a data directory, as the system's process table tells it: a number in a file alone proves nothing
/// after a crash, for another program may have got it meanwhile.
struct Postmaster {
  /// What the number in `postmaster.pid` leads to.
  enum Standing: Equatable {
    /// A server that works on the directory.
    case running(pid_t)
    /// A living process that has nothing to do with the directory.
    case stranger(pid_t)
    /// A living process of another user, who may not be looked into, while somebody may listen at the server's socket.
    case hidden(pid_t)
    /// Nothing: no file, or nobody of that number.
    case none
  }

  /// The data directory.
  let data: String
  /// The directory of its socket.
  let socket: String

  private var note: String { data + "/postmaster.pid" }
  private var socketNote: String { socket + "/.s.PGSQL.5432.lock" }

  /// What the directory's own note leads to.
  var standing: Standing { standing(of: note) }

  private func standing(of file: String) -> Standing {
    let lines = SmallFile.text(file)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
    guard let pid = Postmaster.number(lines), Postmaster.lives(pid) else { return .none }
    switch isOurs(pid) {
    case true?: return .running(pid)
    case false?: return .stranger(pid)
    case nil: return Postmaster.isSilent(lines) ? .stranger(pid) : .hidden(pid)
    }
  }

  /// Whether a process is a PostgreSQL server, or a part of one, that works in the data directory; nil where that may
  /// not be known, for it is another user's.
  private func isOurs(_ pid: pid_t) -> Bool? {
    var (place, there) = (stat(), stat())
    guard stat(data, &place) == 0 else { return false }
    guard stat("/proc/\(pid)/cwd", &there) == 0 else {
      if errno == EACCES || errno == EPERM { return nil }
      // The service manager may hide others' processes altogether; one that has ended has no folder.
      return access("/proc/\(pid)", F_OK) != 0 && Postmaster.lives(pid) ? nil : false
    }
    guard place.st_ino == there.st_ino, place.st_dev == there.st_dev else { return false }
    var name = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/\(pid)/exe", &name, name.count - 1)
    guard count > 0 else { return false }
    let path = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // An upgraded package leaves "… (deleted)".
    return path.split(separator: "/").last?.hasPrefix("postgres") ?? false
  }

  /// Processes of a server of the directory, whatever the note says.
  var processes: [pid_t] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [pid_t] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = pid_t(name), isOurs(pid) == true { found.append(pid) }
    }
    return found
  }

  /// The one of some processes that is the parent of another: a server that lives.
  static func parent(among processes: [pid_t]) -> pid_t? {
    for pid in processes {
      guard let file = fopen("/proc/\(pid)/stat", "re") else { continue }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 512)
      let count = fread(&bytes, 1, bytes.count, file)
      // pid (name) state parent …; the name may hold anything.
      let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: ")").last?.split(
        separator: " ")
      if let fields, fields.count > 1, let parent = pid_t(fields[1]), processes.contains(parent) { return parent }
    }
    return nil
  }

  /// A process that a note names and that may be a server of another user's over the same directory.
  var hidden: pid_t? {
    for case .hidden(let pid) in [standing, standing(of: socketNote)] { return pid }
    return nil
  }

  /// Forgets notes whose number a stranger has: the server refuses to start while such a process lives. Only where no
  /// process of the directory lives, and under the lock that keeps other programs of ours from starting one.
  func forgetStrangers() {
    guard processes.isEmpty else { return }
    if case .stranger = standing { unlink(note) }
    if case .stranger = standing(of: socketNote) {
      unlink(socketNote)
      unlink(socket + "/.s.PGSQL.5432")
    }
  }

  private static func lives(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

  /// The number in a note's first line; a server without a postmaster writes it with a minus.
  private static func number(_ lines: [Substring]) -> pid_t? {
    guard let pid = lines.first.flatMap({ pid_t($0) }), pid != .min, pid.magnitude > 1 else { return nil }
    return abs(pid)
  }

  /// Whether nobody listens at the socket that a note names in its fourth and fifth line, as a server does while it
  /// lives, also one that was started by hand and has its socket elsewhere.
  private static func isSilent(_ lines: [Substring]) -> Bool {
    lines.count > 4 && bizclock_call_socket("\(lines[4])/.s.PGSQL.\(lines[3])") == ECONNREFUSED
  }
}
