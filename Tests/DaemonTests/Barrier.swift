import LibPQ
import TestSupport
import Testing

/// Stops a daemon at a named place of its work: a table that it needs there is locked, until it stands in line.
actor Barrier {
  private let connection: Connection

  /// Locks a table against writing.
  init(_ table: String, _ conninfo: String) async throws {
    connection = try await Connection.connect(conninfo)
    try await connection.run { session in
      try session.begin()
      _ = try session.execute("LOCK TABLE \(table) IN EXCLUSIVE MODE")
    }
  }

  /// Waits until somebody waits for the table.
  func reached() async throws {
    let connection = connection
    try await TestDeadline.within(TestDeadline.patience, "somebody to need the locked table") {
      while true {
        try Task.checkCancellation()
        let waiting = try await connection.run { session in
          try session.execute(
            """
            SELECT EXISTS (SELECT FROM pg_locks l WHERE NOT l.granted AND l.locktype = 'relation'
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
            """
          ).bool(0, 0)
        }
        if waiting { return }
      }
    }
  }

  /// Lets everybody go on.
  func open() async {
    try? await connection.run { $0.rollbackQuietly() }
    await connection.close()
  }
}
