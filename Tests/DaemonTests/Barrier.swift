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

  /// Waits until somebody waits for the table whose work it is: feeds are looked at by the way.
  func reached() async throws {
    let connection = connection
    try await TestDeadline.within(TestDeadline.patience, "somebody to need the locked table") {
      while true {
        try Task.checkCancellation()
        let waiting = try await connection.run { session in
          // Within a transaction who is there is remembered.
          try session.execute("SELECT pg_stat_clear_snapshot()")
          return try session.execute(
            """
            SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
              WHERE NOT l.granted AND l.locktype = 'relation' AND a.application_name <> 'bizclock ask'
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
