import Foundation
import Synchronization
import TestSupport
import Testing

/// The service manager's side of sd_notify(3): a datagram socket, and what was sent to it.
final class ServiceManager: Sendable {
  /// For NOTIFY_SOCKET.
  let path: String
  private let descriptor: Int32
  private let state = Mutex<(messages: [String], listeners: [AsyncStream<String>.Continuation])>(([], []))

  init() throws {
    path = "/tmp/bizclock-notify-\(UUID().uuidString.prefix(8))"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    Thread.detachNewThread { [weak self, descriptor] in
      var buffer = [UInt8](repeating: 0, count: 8192)
      while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0, let self else { return }
        self.take(String(decoding: buffer[..<count], as: UTF8.self))
      }
    }
  }

  /// Ends the listening; nothing is received any more.
  func remove() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
    unlink(path)
  }

  /// All messages so far, in their order.
  var messages: [String] { state.withLock { $0.messages } }

  /// The pings so far.
  var pings: Int { messages.count { $0 == "WATCHDOG=1" } }

  /// Waits until so many messages after the first `skipped` satisfy a condition.
  func told(
    _ what: String, times: Int = 1, after skipped: Int = 0, within limit: Duration = TestDeadline.patience,
    _ condition: @escaping @Sendable (String) -> Bool
  ) async throws {
    let stream = AsyncStream<String> { listener in
      state.withLock { state in
        for message in state.messages { listener.yield(message) }
        state.listeners.append(listener)
      }
    }
    try await TestDeadline.within(limit, what) {
      var (number, left) = (0, times)
      for await message in stream {
        number += 1
        guard number > skipped, condition(message) else { continue }
        left -= 1
        if left == 0 { return }
      }
      throw CancellationError()
    }
  }

  private func take(_ message: String) {
    state.withLock { state in
      state.messages.append(message)
      for listener in state.listeners { listener.yield(message) }
    }
  }

  /// Hands a body an office on a database, and the program that serves it under a manager, once that is told.
  ///
  /// - Parameter watchdog: microseconds after which the manager would give the program up.
  static func overseeing(
    _ conninfo: String, watchdog: Int? = nil,
    _ body: (OfficeFolder, ServiceManager, DaemonProcess) async throws -> Void
  ) async throws {
    let folder = try OfficeFolder(conninfo: conninfo)
    defer { folder.remove() }
    try await folder.migrate()
    let manager = try ServiceManager()
    defer { manager.remove() }
    var environment = ["NOTIFY_SOCKET": manager.path]
    if let watchdog { environment["WATCHDOG_USEC"] = String(watchdog) }
    let daemon = try DaemonProcess(["run", "--config", folder.path + "/bizclock.yaml"], environment: environment)
    try await manager.told("READY=1") { $0.hasPrefix("READY=1") }
    try await body(folder, manager, daemon)
  }
}
