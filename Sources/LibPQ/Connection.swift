import CLibPQ
import Dispatch
import Glibc

/// How to connect.
public struct ConnectionOptions: Sendable {
  /// What the server's pg_stat_activity shows.
  public var applicationName = "bizclock"
  /// How long connecting may take, in milliseconds.
  public var connectTimeout: Int32 = 5_000
  /// How long a statement may take before the connection is given up, in milliseconds.
  public var statementTimeout: Int32 = 60_000
  /// Settings of the session, by name; values are quoted.
  public var settings: [String: String] = [:]

  /// The defaults.
  public init() {}
}

/// A connection to PostgreSQL; everything on it runs on its own queue, one body after the other.
public actor Connection {
  private let executor: QueueExecutor
  private let wire: Wire
  private nonisolated let canceller: Canceller
  private nonisolated let wakeDescriptor: WakeDescriptor

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private init(_ parts: sending Parts) {
    executor = parts.executor
    canceller = parts.wire.canceller
    wakeDescriptor = parts.wake
    wire = parts.wire
  }

  private struct Parts {
    var executor: QueueExecutor
    var wire: Wire
    var wake: WakeDescriptor
  }

  /// Connects, by libpq's rules (conninfo, several hosts, environment, password file).
  public static func connect(_ conninfo: String, options: ConnectionOptions = ConnectionOptions()) async throws
    -> Connection
  {
    let executor = QueueExecutor()
    return try await executor.perform {
      let wake = WakeDescriptor()
      let handle = try Connecting.connect(conninfo, options)
      let wire = Wire(handle, wake: wake, timeout: options.statementTimeout)
      var settings = ["TimeZone": "UTC", "client_encoding": "UTF8", "search_path": "pg_catalog"]
      settings.merge(options.settings) { $1 }
      for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
        _ = try wire.execute("SELECT pg_catalog.set_config($1, $2, false)", [.text(name), .text(value)])
      }
      return Connection(Parts(executor: executor, wire: wire, wake: wake))
    }
  }

  /// Runs a body on the connection; if the task is cancelled, the statement on the wire is cancelled.
  public func run<R: Sendable>(_ body: @Sendable (inout Session) throws -> R) async throws -> R {
    try await withTaskCancellationHandler {
      try perform(body)
    } onCancel: {
      canceller.cancelInFlight()
    }
  }

  private func perform<R: Sendable>(_ body: @Sendable (inout Session) throws -> R) throws -> R {
    try Task.checkCancellation()
    var session = Session(wire: wire)
    return try body(&session)
  }

  /// Listens on channels; see `notifications(within:)`.
  public func listen(_ channels: [StaticString]) throws {
    for channel in channels { _ = try wire.execute("LISTEN \(channel)", []) }
  }

  /// Waits until a notification comes, `wake` is called or the time has run out, and gives the channels named.
  ///
  /// Holds the connection while it waits: use one of its own for listening.
  public func notifications(within milliseconds: Int32) throws -> [String] {
    try wire.waitForNotifications(milliseconds: milliseconds)
  }

  /// Ends the wait for notifications that is on, or the next.
  public nonisolated func wake() { wakeDescriptor.wake() }

  /// Whether the connection can still be used, as far as is known without asking.
  public var isUsable: Bool { wire.isUsable && !wire.isShutDown }

  /// The server's version, e.g. 150018.
  public var serverVersion: Int { wire.serverVersion }

  /// Breaks the connection at once.
  public func close() { wire.shutDown() }
}

/// Runs an actor on a queue of its own, so that waiting for the network takes no thread from Swift's pool.
final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "bizclock.postgres")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  /// Runs a body on the queue.
  func perform<R>(_ body: @escaping @Sendable () throws -> sending R) async throws -> R {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
      queue.async {
        do { continuation.resume(returning: try body()) } catch { continuation.resume(throwing: error) }
      }
    }
  }
}

/// Makes connections.
enum Connecting {
  static func connect(_ conninfo: String, _ options: ConnectionOptions) throws(PostgresError) -> ConnectionHandle {
    // Ours come before the conninfo, so that what it says wins.
    let ours: [(String, String)] = [
      ("application_name", options.applicationName), ("keepalives_idle", "5"), ("keepalives_interval", "2"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("dbname", conninfo),
    ]
    var keywords: [UnsafePointer<CChar>?] = []
    var values: [UnsafePointer<CChar>?] = []
    var owned: [UnsafeMutablePointer<CChar>?] = []
    defer { owned.forEach { free($0) } }
    for (keyword, value) in ours {
      let key = strdup(keyword)
      let text = strdup(value)
      owned += [key, text]
      keywords.append(key.map { UnsafePointer($0) })
      values.append(text.map { UnsafePointer($0) })
    }
    keywords.append(nil)
    values.append(nil)
    guard let raw = PQconnectStartParams(keywords, values, 1) else {
      throw PostgresError(.unreachable, operation: "connect", message: "out of memory")
    }
    let handle = ConnectionHandle(raw)
    let deadline = Wire.milliseconds() + Int64(options.connectTimeout)
    var wanted = PGRES_POLLING_WRITING
    guard PQstatus(raw) != CONNECTION_BAD else { throw refused(raw) }
    while true {
      var descriptor = pollfd(
        fd: PQsocket(raw), events: Int16(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
      let left = deadline - Wire.milliseconds()
      guard left > 0 else {
        throw PostgresError(
          .unreachable, operation: "connect", message: "no connection within \(options.connectTimeout) ms")
      }
      guard Glibc.poll(&descriptor, 1, Int32(clamping: left)) > 0 else { continue }
      wanted = PQconnectPoll(raw)
      switch wanted {
      case PGRES_POLLING_OK: return handle
      case PGRES_POLLING_FAILED: throw refused(raw)
      default: continue
      }
    }
  }

  private static func refused(_ raw: OpaquePointer) -> PostgresError {
    PostgresError(
      .unreachable, operation: "connect",
      message: Wire.firstLine(PQerrorMessage(raw).map { String(cString: $0) } ?? ""))
  }
}
