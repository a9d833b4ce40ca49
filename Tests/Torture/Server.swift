import Foundation
import LibPQ
import Synchronization

/// The PostgreSQL server of a run: started again whenever it is not running, unless it is meant to be down.
final class Server: Sendable {
  let directory: String
  private let cluster: PrivateCluster
  private let isWanted = Mutex(false)
  private let isOver = Mutex(false)
  private let trouble = Mutex("")

  /// A server in a directory; nothing is made yet.
  init(directory: String) throws {
    self.directory = directory
    cluster = try PrivateCluster(
      directory: directory,
      settings: [
        "max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "32MB", "checkpoint_timeout": "30s",
        "log_checkpoints": "off",
      ])
  }

  /// How its database is reached, whether it runs or not.
  var conninfo: String { "host=\(directory)/socket port=5432 user=bizclock dbname=bizclock" }

  /// Makes and starts it, and keeps it running from then on.
  func start() async throws {
    _ = try await cluster.start()
    isWanted.withLock { $0 = true }
    Task { await keep() }
  }

  private func keep() async {
    while !isOver.withLock({ $0 }) {
      if isWanted.withLock({ $0 }), !isRunning {
        do {
          _ = try await cluster.start()
          trouble.withLock { $0 = "" }
        } catch { trouble.withLock { $0 = "\(error)" } }
      }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  /// What kept it from starting lately.
  var lastTrouble: String { trouble.withLock { $0 } }

  /// Ends the server and all its backends as a power cut would, or the postmaster alone; it stays down until `bringUp`.
  func kill(isAlone: Bool) {
    isWanted.withLock { $0 = false }
    guard let pid = postmaster else { return }
    let victims = isAlone ? [pid] : [pid] + backends(of: pid)
    for victim in victims { Glibc.kill(victim, SIGKILL) }
    // A process that is being ended still counts as running; the next start would refuse.
    for _ in 0..<5_000 where victims.contains(where: Server.isAlive) { usleep(1_000) }
  }

  /// Ends it by `pg_ctl stop -m immediate`; it stays down until `bringUp`.
  func stopImmediately() async {
    isWanted.withLock { $0 = false }
    let cluster = cluster
    await Child.aside { try? cluster.stop(fast: false) }
  }

  /// Lets it be started again.
  func bringUp() { isWanted.withLock { $0 = true } }

  /// Ends it for good, in good order.
  func end() async {
    isOver.withLock { $0 = true }
    isWanted.withLock { $0 = false }
    let cluster = cluster
    await Child.aside { try? cluster.stop() }
  }

  /// The process ids of the sessions of the program.
  func sessions() async -> [pid_t] {
    let found = try? await ask(
      """
      SELECT pid::text FROM pg_stat_activity WHERE datname = 'bizclock' AND application_name LIKE 'bizclock %'
      ORDER BY pid
      """)
    return (found ?? []).compactMap { $0.first.flatMap { $0 }.flatMap { pid_t($0) } }
  }

  /// Locks a table as an administrator might, for a while, if it can be had at once or soon.
  func lock(_ table: String, for spell: Duration) async {
    let milliseconds = Int(spell / .milliseconds(1))
    guard let connection = try? await Connection.connect(conninfo) else { return }
    _ = try? await connection.run { session in
      try session.begin()
      _ = try session.execute("SET LOCAL lock_timeout = '2s'")
      _ = try session.execute("LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE")
      _ = try session.execute("SELECT pg_sleep($1)", [.float8(Double(milliseconds) / 1_000)])
      try session.commit()
    }
    await connection.close()
  }

  /// Asks something on a connection of its own; every value as text.
  func ask(_ sql: String, _ parameters: [Parameter] = []) async throws -> [[String?]] {
    var options = ConnectionOptions()
    options.applicationName = "torture"
    options.connectTimeout = 2_000
    options.statementTimeout = 60_000
    let connection = try await Connection.connect(conninfo, options: options)
    let rows = try await connection.run { session in
      let found = try session.execute(sql, parameters)
      return try (0..<found.rowCount).map { row in
        try (0..<found.columnCount).map { try found.optionalText(row, $0) }
      }
    }
    await connection.close()
    return rows
  }

  private var postmaster: pid_t? {
    let text = try? String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)
    return text?.split(separator: "\n").first.flatMap { pid_t($0) }
  }

  private var isRunning: Bool { postmaster.map(Server.isAlive) ?? false }

  private func backends(of parent: pid_t) -> [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { entry in
      guard let pid = pid_t(entry), let fields = Server.state(pid), fields.parent == parent else { return nil }
      return pid
    }
  }

  private static func isAlive(_ pid: pid_t) -> Bool { state(pid).map { $0.letter != "Z" } ?? false }

  private static func state(_ pid: pid_t) -> (letter: String, parent: pid_t)? {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 1,
      let parent = pid_t(fields[1])
    else { return nil }
    return (String(fields[0]), parent)
  }
}
