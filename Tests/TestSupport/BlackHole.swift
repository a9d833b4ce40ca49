import Glibc
import Synchronization

/// A relay before a server's TCP port that can swallow what is sent: both sides keep their sockets, nobody is told.
///
/// What was swallowed is not lost but held, as the network does: it goes through when the hole is closed again. Made for
/// many connections, the client's and the server's ends apart.
public final class BlackHole: Sendable {
  /// Which way swallows.
  public struct Way: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// From the client to the server.
    public static let up = Way(rawValue: 1)
    /// From the server to the client.
    public static let down = Way(rawValue: 2)
    /// Both.
    public static let both: Way = [.up, .down]
  }

  private struct State {
    var swallows: Way = []
    var pairs: [Pair] = []
    var isOver = false
  }

  /// A connection: its two sockets, closed when nobody reads them any more.
  private final class Pair: Sendable {
    let client: Int32
    let server: Int32

    init(_ client: Int32, _ server: Int32) {
      self.client = client
      self.server = server
    }
    deinit {
      close(client)
      close(server)
    }

    func cut() { for end in [client, server] { _ = shutdown(end, Int32(SHUT_RDWR)) } }
  }

  /// Its port.
  public let port: Int
  private let listener: Int32
  private let state = Mutex(State())

  /// A relay before a port of 127.0.0.1; nil if there can be none.
  public init?(port server: Int) {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard let port = LocalPort.bind(listener), listen(listener, 32) == 0 else { return nil }
    self.port = port
    RelayThread.start { [self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        let pair = Pair(client, socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        guard LocalPort.with(server, { connect(pair.server, $0, $1) }) == 0 else { continue }
        state.withLock { $0.pairs.append(pair) }
        RelayThread.start { self.pass(pair, .up) }
        RelayThread.start { self.pass(pair, .down) }
      }
    }
  }

  /// From now on swallows what is sent these ways; nothing is swallowed when none is given.
  public func swallow(_ way: Way) { state.withLock { $0.swallows = way } }

  /// Ends it and every connection through it.
  public func end() {
    state.withLock { state in
      state.isOver = true
      for pair in state.pairs { pair.cut() }
      state.pairs = []
    }
    _ = shutdown(listener, Int32(SHUT_RDWR))
  }

  private func pass(_ pair: Pair, _ way: Way) {
    let (from, to) = way == .up ? (pair.client, pair.server) : (pair.server, pair.client)
    defer { pair.cut() }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      // What cannot go on is not taken either, but for what the kernel buffers: the end of a side is seen through the
      // hole as little as anything else.
      guard waitsUntilOpen(way) else { break }
      var ready = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 5) > 0 else { continue }
      guard waitsUntilOpen(way) else { break }
      let count = read(from, &bytes, bytes.count)
      guard count > 0 else { break }
      guard waitsUntilOpen(way) else { break }
      var sent = 0
      while sent < count {
        let written = bytes.withUnsafeBytes {
          send(to, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        guard written > 0 else { break }
        sent += written
      }
      if sent < count { break }
    }
  }

  /// False once the relay is over.
  private func waitsUntilOpen(_ way: Way) -> Bool {
    while true {
      let (swallows, isOver) = state.withLock { ($0.swallows.contains(way), $0.isOver) }
      if isOver { return false }
      if !swallows { return true }
      usleep(2_000)
    }
  }
}
