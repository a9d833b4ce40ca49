/// How to connect.
public struct ConnectionOptions: Sendable {
  /// What the server's pg_stat_activity shows.
  public var applicationName = "bizclock"
  /// How long connecting may take, in milliseconds, for each host that is named; the conninfo's own `connect_timeout`
  /// (in seconds) goes before it.
  public var connectTimeout: Int32 = 5_000
  /// How long a statement may take before the connection is given up, in milliseconds.
  public var statementTimeout: Int32 = 60_000
  /// How long a cancelled statement may take to end before the connection is broken, in milliseconds, for a server that
  /// hears nothing holds it up otherwise; nil: as long as any statement.
  public var cancelPatience: Int32?
  /// Settings of the session, by name; values are quoted.
  public var settings: [String: String] = [:]
  /// Whether a commit waits for the disk, though `synchronous_commit = off` be set for the role, the database or the
  /// server. What waits for less or more than that is left as it is.
  public var commitsToDisk = false

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

  /// Connects, by libpq's rules (conninfo, several hosts, environment, password file). A task that is cancelled gives up
  /// at once.
  public static func connect(_ conninfo: String, options: ConnectionOptions = ConnectionOptions()) async throws
    -> Connection
  {
    let executor = QueueExecutor()
    let wake = WakeDescriptor()
    return try await withTaskCancellationHandler {
      try await executor.perform {
        let handle = try Connecting.connect(conninfo, options, wake)
        // A server that takes a connection and then says nothing costs no more time than one that takes none.
        let wire = Wire(handle, wake: wake, timeout: options.connectTimeout, cancelPatience: options.cancelPatience)
        var settings = ["TimeZone": "UTC", "client_encoding": "UTF8", "search_path": "pg_catalog"]
        settings.merge(options.settings) { $1 }
        // All in one statement: a far server is asked once.
        var calls = (0..<settings.count).map { "pg_catalog.set_config($\(2 * $0 + 1), $\(2 * $0 + 2), false)" }
        if options.commitsToDisk { calls.append(Connection.commitToDisk) }
        _ = try wire.execute(
          "SELECT " + calls.joined(separator: ", "),
          settings.sorted { $0.key < $1.key }.flatMap { [.text($0.key), .text($0.value)] })
        wire.timeout = options.statementTimeout
        return Connection(Parts(executor: executor, wire: wire, wake: wake))
      }
    } onCancel: {
      wake.wake()
    }
  }

  /// `on` is said too, so that a server whose configuration is read anew does not take it back.
  private static let commitToDisk = """
    CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('on', 'off')
      THEN pg_catalog.set_config('synchronous_commit', 'on', false) END
    """

  /// Runs a body on the connection.
  ///
  /// If the task is cancelled, the body's statement on the wire is cancelled, and it can begin no other but a
  /// ROLLBACK. Bodies of other tasks, which wait or come after, are not touched.
  public func run<R: Sendable>(_ body: @Sendable (inout Session) throws -> R) async throws -> R {
    let ticket = canceller.open()
    return try await withTaskCancellationHandler {
      try perform(body)
    } onCancel: {
      canceller.cancel(body: ticket)
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
