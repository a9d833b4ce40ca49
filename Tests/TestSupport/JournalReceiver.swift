import CJournal
import Foundation
import Synchronization

/// The journal's side of its protocol: a datagram socket that gets what systemd-journald would get.
public final class JournalReceiver: Sendable {
  /// What went wrong with the socket.
  public struct Failure: Error {
    public var code: Int32
  }

  /// Where it listens.
  public let path: String
  private let descriptor: Int32
  private let buffer = Mutex([UInt8](repeating: 0, count: 1 << 20))

  /// A receiver at a path, by default one of its own.
  public init(path: String = NSTemporaryDirectory() + "journal-\(UUID().uuidString)") throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw Failure(code: errno) }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// The record that has arrived; nil if there is none.
  public func next() -> JournalDatagram? {
    buffer.withLock { buffer in
      var file: Int32 = -1
      let count = bizclock_receive(descriptor, &buffer, buffer.count, &file)
      guard count >= 0 else { return nil }
      guard file >= 0 else { return JournalDatagram(bytes: Array(buffer[..<count]), seals: nil) }
      defer { close(file) }
      var bytes: [UInt8] = []
      while true {
        let count = pread(file, &buffer, buffer.count, off_t(bytes.count))
        guard count > 0 else { break }
        bytes += buffer[..<count]
      }
      return JournalDatagram(bytes: bytes, seals: bizclock_seals(file))
    }
  }

  /// The records that have arrived.
  public func all() -> [JournalDatagram] {
    var all: [JournalDatagram] = []
    while let datagram = next() { all.append(datagram) }
    return all
  }

  /// Waits until something has arrived; false after that many milliseconds.
  public func wait(atMost milliseconds: Int32 = 30_000) -> Bool {
    var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&question, 1, milliseconds) > 0
  }
}
