import Glibc

/// Tells systemd how the service fares: sd_notify(3) over its datagram socket, without libsystemd.
public struct ServiceNotifier: Hashable, Sendable {
  /// What became of a message.
  public enum Outcome: Hashable, Sendable {
    /// Nobody asked to be told.
    case unneeded
    /// The service manager has it.
    case sent
    /// It was not taken; the errno says why.
    case failed(code: Int32)
  }

  // The manager reads at most a page; the rest of a message needs little.
  private static let longestStatus = 2048

  private let address: [UInt8]

  /// A notifier for the value of `NOTIFY_SOCKET`: a path, or `@` and a name in the abstract namespace.
  ///
  /// With nil, or an address that is neither, every message is `.unneeded`.
  public init(socket: String?) {
    var address = Array((socket ?? "").utf8)
    switch address.first {
    case UInt8(ascii: "/"): address.append(0)
    case UInt8(ascii: "@"): address[0] = 0
    default: address = []
    }
    let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
    let isWhole = address.count > 1 && address.count <= capacity && !address.dropFirst().dropLast().contains(0)
    self.address = isWhole ? address : []
  }

  /// A notifier for `NOTIFY_SOCKET` of this process; whether children see the variable is the caller's affair.
  public static func fromEnvironment() -> ServiceNotifier {
    ServiceNotifier(socket: getenv("NOTIFY_SOCKET").map { String(cString: $0) })
  }

  /// Whether there is anybody to tell.
  public var isNeeded: Bool { !address.isEmpty }

  /// The service serves, at start and again after `reloading`. The manager waits for this, and gives the service up
  /// without it: so it has more patience than the rest.
  @discardableResult
  public func ready(status: String? = nil) -> Outcome { send("READY=1", status, patience: 5_000_000) }

  /// The service reads its configuration anew; `ready` must follow.
  ///
  /// `monotonic` is CLOCK_MONOTONIC in microseconds at the moment the reload was asked for, by default now.
  @discardableResult
  public func reloading(monotonic: UInt64? = nil, status: String? = nil) -> Outcome {
    send("RELOADING=1\nMONOTONIC_USEC=\(monotonic ?? ServiceNotifier.monotonicMicroseconds())", status)
  }

  /// The service is shutting down.
  @discardableResult
  public func stopping(status: String? = nil) -> Outcome { send("STOPPING=1", status) }

  /// One line for `systemctl status`.
  @discardableResult
  public func status(_ text: String) -> Outcome { send(nil, text) }

  /// The service lives; to be said at least twice in each `watchdogInterval`.
  @discardableResult
  public func watchdog() -> Outcome { send("WATCHDOG=1", nil) }

  /// A start or stop needs that many microseconds more from now.
  @discardableResult
  public func extendTimeout(microseconds: UInt64) -> Outcome { send("EXTEND_TIMEOUT_USEC=\(microseconds)", nil) }

  /// Microseconds after which the manager gives the service up, of `WATCHDOG_USEC` and `WATCHDOG_PID`; nil if it
  /// does not watch this process.
  public static func watchdogInterval(
    microseconds: String?, process: String?, own: Int32 = getpid()
  ) -> UInt64? {
    guard let interval = microseconds.flatMap({ UInt64($0) }), interval > 0 else { return nil }
    guard let process else { return interval }
    return Int32(process) == own ? interval : nil
  }

  /// `patience` is in microseconds: the manager's queue may be full for a moment, and for most a service should not wait
  /// longer.
  private func send(_ state: String?, _ status: String?, patience: Int = 250_000) -> Outcome {
    guard isNeeded else { return .unneeded }
    var message = Array((state ?? "").utf8)
    if let status {
      if !message.isEmpty { message.append(UInt8(ascii: "\n")) }
      message.append(contentsOf: "STATUS=".utf8)
      message.append(contentsOf: ServiceNotifier.oneLine(status).utf8)
    }
    return send(message, patience: patience)
  }

  /// A status on one line: a line break in it would begin another assignment.
  private static func oneLine(_ status: String) -> String {
    var line = String.UnicodeScalarView()
    var length = 0
    for scalar in status.unicodeScalars {
      length += UTF8.width(scalar)
      if length > longestStatus { break }
      line.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return String(line)
  }

  private func send(_ message: [UInt8], patience: Int) -> Outcome {
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return .failed(code: errno) }
    defer { close(socket) }
    var patience = timeval(tv_sec: patience / 1_000_000, tv_usec: patience % 1_000_000)
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))

    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
    // The length tells where an abstract name ends.
    let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: name.sun_path)
    let length = socklen_t(header + address.count)
    while true {
      let sent = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(socket, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
        }
      }
      if sent >= 0 { return .sent }
      if errno != EINTR { return .failed(code: errno) }
    }
  }

  private static func monotonicMicroseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
  }
}
