import CJournal
import Glibc

/// A datagram socket connected to the journal, made anew where the journal has gone and come back.
struct JournalSocket: ~Copyable, Sendable {
  /// What became of a datagram.
  enum Outcome: Sendable {
    /// The journal has it, or will when it reads on.
    case taken
    /// It reads too slowly.
    case full
    /// It is not there, or took it for another reason not; the errno.
    case failed(Int32)
  }

  /// A larger record goes as a file, even where the system would let a datagram be larger: what waits to be read
  /// takes memory that cannot be swapped out.
  private static let longestDatagram = 131_072

  private let path: [UInt8]
  private let patience: UInt64
  private var descriptor: Int32 = -1
  /// The reader has used up the patience and has taken nothing since.
  private var isStalled = false

  /// A socket to the one at a path; nothing is connected yet. `patience` milliseconds is the longest wait for a
  /// reader that takes nothing.
  init(path: String, patience: Int) {
    self.path = Array(path.utf8)
    self.patience = UInt64(max(0, patience)) * 1_000_000
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Connects, if that is not done yet, and returns 0 or an errno.
  mutating func connect() -> Int32 {
    guard descriptor < 0 else { return 0 }
    var name = sockaddr_un()
    guard path.count < MemoryLayout.size(ofValue: name.sun_path), !path.contains(0) else { return ENAMETOOLONG }
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return errno }
    // As much as the system allows: what waits to be read counts against the sender.
    var room: Int32 = 8 << 20
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path) }
    let result = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(socket)
      return code
    }
    descriptor = socket
    return 0
  }

  /// Sends one record, and waits for a reader no longer than the patience.
  ///
  /// After that nobody waits for the reader, so that many callers in a row do not wait one after the other, until it
  /// takes something again.
  mutating func send(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    var file = MemoryFile()
    var wait = RoomWait(patience: patience)
    var reconnects = 1
    while true {
      let away = connect()
      guard away == 0 else { return .failed(away) }
      let result = file.isMade ? file.send(to: descriptor) : attempt(bytes)
      switch result {
      case 0:
        isStalled = false
        return .taken
      case EINTR: continue
      case EAGAIN:
        if !wait.forRoom(in: descriptor, isStalled: &isStalled) { return .full }
      case EMSGSIZE, ENOBUFS:
        // More than a datagram holds: it goes as a file that nobody can change any more.
        guard !file.isMade else { return .failed(result) }
        let code = file.make(bytes)
        guard code == 0 else { return .failed(code) }
      case ETOOMANYREFS, EMFILE, ENFILE, ENOMEM: return .failed(result)
      default:
        // The one that was connected to is gone; there may be another by now.
        close(descriptor)
        descriptor = -1
        guard reconnects > 0 else { return .failed(result) }
        reconnects -= 1
      }
    }
  }

  /// One datagram: 0 or an errno.
  private func attempt(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    guard bytes.count <= JournalSocket.longestDatagram else { return EMSGSIZE }
    let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    return sent < 0 ? errno : 0
  }
}

/// A record in a sealed file of memory, which the journal reads in place of a datagram.
private struct MemoryFile: ~Copyable {
  private var descriptor: Int32 = -1

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  var isMade: Bool { descriptor >= 0 }

  /// Makes the file of bytes and returns 0 or an errno.
  mutating func make(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    let file = bizclock_memory_file("bizclock-journal")
    guard file >= 0 else { return errno }
    descriptor = file
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = write(file, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += written
    }
    return bizclock_seal(file) < 0 ? errno : 0
  }

  /// Sends the file: 0 or an errno.
  func send(to socket: Int32) -> Int32 { bizclock_send_descriptor(socket, descriptor) < 0 ? errno : 0 }
}
