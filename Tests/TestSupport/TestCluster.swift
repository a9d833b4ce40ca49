import Glibc
import LibPQ

/// One PostgreSQL server for a test run, started when first asked for; it ends with the process, however that ends.
public actor TestCluster {
  /// The server of this run.
  public static let shared = TestCluster()

  private var server: Task<(PrivateCluster, String), any Error>?
  private var templates: [String: Task<String, any Error>] = [:]
  private var count = 0

  private func conninfo() async throws -> String {
    if let server { return try await server.value.1 }
    let task = Task {
      let directory = "/tmp/bizclock-test-\(getpid())"
      let cluster = try PrivateCluster(
        directory: directory,
        settings: [
          "fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "256MB",
          "max_wal_size": "4GB", "autovacuum": "off",
        ], isKept: false)
      let conninfo = try await cluster.start()
      cluster.endWithThisProcess()
      return (cluster, conninfo)
    }
    server = task
    return try await task.value.1
  }

  private func template(_ name: String, _ prepare: @escaping @Sendable (String) async throws -> Void) async throws
    -> String
  {
    if let task = templates[name] { return try await task.value }
    let base = try await conninfo()
    if let task = templates[name] { return try await task.value }
    let task = Task {
      let database = "template_\(name)"
      try await TestCluster.onServer(base, "CREATE DATABASE \(database)")
      try await prepare(base.replacingDatabase(database))
      return database
    }
    templates[name] = task
    return try await task.value
  }

  private func nextName() -> String {
    count += 1
    return "test_\(count)"
  }

  private static func onServer(_ conninfo: String, _ statement: String) async throws {
    let connection = try await Connection.connect(conninfo)
    try await connection.run { session in _ = try session.execute(statement) }
    await connection.close()
  }

  /// Hands a body the conninfo of a database of its own, cloned from a template that `prepare` made once.
  public func withDatabase<R: Sendable>(
    template name: String = "empty", prepare: @escaping @Sendable (String) async throws -> Void = { _ in },
    _ body: @Sendable (String) async throws -> R
  ) async throws -> R {
    let base = try await conninfo()
    let template = try await template(name, prepare)
    let database = nextName()
    try await cloning.run {
      try await TestCluster.onServer(base, "CREATE DATABASE \(database) TEMPLATE \(template)")
    }
    let result: Result<R, any Error>
    do { result = .success(try await body(base.replacingDatabase(database))) } catch { result = .failure(error) }
    try? await TestCluster.onServer(base, "DROP DATABASE \(database) WITH (FORCE)")
    return try result.get()
  }

  /// A template may serve one clone at a time.
  private let cloning = OneAtATime()
}

/// Runs bodies one after the other.
actor OneAtATime {
  private var last: Task<Void, Never>?

  func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let before = last
    let task = Task { () -> Result<Void, any Error> in
      await before?.value
      do { return .success(try await body()) } catch { return .failure(error) }
    }
    last = Task { _ = await task.value }
    try await task.value.get()
  }
}

extension String {
  /// The same server, another database.
  public func replacingDatabase(_ name: String) -> String {
    split(separator: " ").filter { !$0.hasPrefix("dbname=") }.joined(separator: " ") + " dbname=\(name)"
  }
}
