import Ledger
import LibPQ
import ServiceTime

/// Where the database is and how its sessions are set up.
public struct DatabaseSource: Sendable {
  /// libpq's conninfo.
  public let conninfo: String
  /// What is appended over its sessions, for a leader in the same program.
  private(set) var appended = AppendedEvents()

  /// A database by its conninfo.
  public init(conninfo: String) { self.conninfo = conninfo }

  /// The same database for a load: more of what is appended waits for the leader.
  func forLoad() -> DatabaseSource {
    var source = self
    source.appended = AppendedEvents(capacity: 120_000)
    return source
  }

  /// What a session is for; each is bounded by time-outs of its own.
  public enum Purpose: Sendable {
    /// Appends batches: a frozen one must not hold the append lock.
    case append
    /// Projects and raises levels: a frozen leader loses its session within seconds.
    case lead
    /// Waits for notifications.
    case listen
    /// Commands and reports.
    case ask
    /// Finds out whether the database answers.
    case probe
    /// Figures for monitoring, which gives up soon.
    case observe
    /// Migrations, changes of rules and proofs, which may take long.
    case administer
  }

  /// How the server finds, over TCP, that the client of a session which may hold locks is cut off: by keepalives when
  /// it waits for it, by what is not acknowledged when it sends, by asking for the socket while it works.
  private static let whenCutOff = [
    "tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2",
    "tcp_user_timeout": "4000", "client_connection_check_interval": "1000",
  ]

  /// Connects for a purpose.
  public func connect(_ purpose: Purpose) async throws -> Connection {
    var options = ConnectionOptions()
    // Named for every purpose: what an administrator has set for the role or the database is made for other programs.
    var settings = [
      "idle_in_transaction_session_timeout": "3s", "lock_timeout": "2s", "idle_session_timeout": "0",
      "statement_timeout": "0",
    ]
    switch purpose {
    case .append:
      options.applicationName = "bizclock append"
      settings["statement_timeout"] = "30s"
    case .lead:
      options.applicationName = "bizclock leader"
      settings["idle_session_timeout"] = "2s"
      settings["statement_timeout"] = "60s"
      options.statementTimeout = 70_000
    case .listen:
      options.applicationName = "bizclock listen"
    case .ask:
      options.applicationName = "bizclock ask"
      settings["statement_timeout"] = "60s"
    case .probe:
      options.applicationName = "bizclock probe"
      options.connectTimeout = 1_000
      options.statementTimeout = 1_000
    case .observe:
      options.applicationName = "bizclock metrics"
      options.connectTimeout = 2_000
      options.statementTimeout = 4_000
      settings["statement_timeout"] = "3s"
      settings["lock_timeout"] = "1s"
      settings["idle_session_timeout"] = "10min"
    case .administer:
      options.applicationName = "bizclock administer"
      options.statementTimeout = 3_600_000
      settings["idle_in_transaction_session_timeout"] = "1min"
      settings["lock_timeout"] = "1min"
    }
    // What a feed or somebody at a terminal is told is done must outlast a crash of the server. What the leader does can
    // be done again.
    switch purpose {
    case .append, .ask, .administer: options.commitsToDisk = true
    case .lead, .listen, .probe, .observe: break
    }
    switch purpose {
    case .append, .lead, .administer: settings.merge(DatabaseSource.whenCutOff) { $1 }
    case .listen, .ask, .probe, .observe: break
    }
    options.settings = settings
    return try await Connection.connect(conninfo, options: options)
  }

  /// Runs a body on a connection for administering, with two more for it to read on meanwhile.
  public func administer<R>(_ body: (Connection, _ readers: [Connection]) async throws -> R) async throws -> R {
    var connections: [Connection] = []
    for _ in 0..<3 { connections.append(try await connect(.administer)) }
    let done = try await body(connections[0], Array(connections.dropFirst()))
    for connection in connections { await connection.close() }
    return done
  }
}
