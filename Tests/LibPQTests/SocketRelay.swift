import Glibc
import Synchronization
import TestSupport

/// Passes bytes between one client and a server's socket until it is cut.
final class SocketRelay: Sendable {
  /// Where to connect instead of to the server.
  let conninfo: String
  private let listener: Int32
  private let ends = Mutex<[Int32]>([])

  /// A relay before the server that a conninfo with a socket's directory names.
  init?(conninfo: String) {
    let words = conninfo.split(separator: " ").map(String.init)
    guard let host = words.first(where: { $0.hasPrefix("host=") })?.dropFirst(5) else { return nil }
    var template = Array("/tmp/bizclock-relay-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = directory + "/.s.PGSQL.5432"
    let listener = SocketRelay.listener(path)
    guard listener >= 0 else { return nil }
    self.listener = listener
    self.conninfo = (words.filter { !$0.hasPrefix("host=") } + ["host=" + directory]).joined(separator: " ")
    let server = String(host) + "/.s.PGSQL.5432"
    RelayThread.start {
      let client = accept(listener, nil, nil)
      unlink(path)
      rmdir(directory)
      let upstream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard client >= 0, SocketRelay.address(server, { connect(upstream, $0, $1) }) == 0 else { return }
      self.ends.withLock { $0 = [client, upstream] }
      // Both ways keep the relay until they end: a descriptor closed under them could be another test's by then.
      RelayThread.start { withExtendedLifetime(self) { SocketRelay.pass(upstream, client) } }
      withExtendedLifetime(self) { SocketRelay.pass(client, upstream) }
    }
  }

  /// A socket that listens at a path; negative if there can be none.
  static func listener(_ path: String) -> Int32 {
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard address(path, { bind(listener, $0, $1) }) == 0, listen(listener, 8) == 0 else { return -1 }
    return listener
  }

  deinit {
    cut()
    close(listener)
    for end in ends.withLock({ $0 }) { close(end) }
  }

  /// Ends both sides at once.
  func cut() {
    for end in ends.withLock({ $0 }) { _ = shutdown(end, Int32(SHUT_RDWR)) }
  }

  private static func pass(_ from: Int32, _ to: Int32) {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(from, &bytes, bytes.count)
      guard count > 0 else { break }
      var sent = 0
      while sent < count {
        let written = bytes.withUnsafeBytes {
          send(to, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        guard written > 0 else { return }
        sent += written
      }
    }
    _ = shutdown(to, Int32(SHUT_RDWR))
  }

  private static func address(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
