import Daemon
import LibPQ

/// A connection that is kept from one request to the next.
///
/// The server ends its session when nobody asks for long, and with it when it is started again; that is found out only by
/// asking. So a connection that was kept and is lost at the first word is no sign that the database is away: it is asked
/// once more, on a new one.
actor KeptConnection {
  private let database: DatabaseSource
  private var connection: Connection?
  /// How long a connection may have taken to be lost for the question to be asked again: whoever asked waits.
  private static let patience = Duration.seconds(2)

  init(_ database: DatabaseSource) { self.database = database }

  /// Gives the connection back.
  func close() async {
    await connection?.close()
    connection = nil
  }

  /// Runs a body that only reads, twice if the connection was kept and is lost.
  func read<R: Sendable>(_ body: @Sendable (inout Session) throws -> R) async throws -> R {
    let begun = ContinuousClock.now
    let (connection, wasKept) = try await connected()
    do {
      return try await connection.run(body)
    } catch let error as PostgresError
      where error.kind == .connectionLost && wasKept && .now - begun < KeptConnection.patience
    {
      return try await connected().connection.run(body)
    }
  }

  /// The connection, a new one where it is known to be broken; what one request meets with must not break it for the
  /// others.
  private func connected() async throws -> (connection: Connection, wasKept: Bool) {
    if let connection {
      if await connection.isUsable { return (connection, true) }
      if self.connection === connection { self.connection = nil }
      await connection.close()
    }
    let fresh = try await database.connect(.observe)
    // Another request may have been faster.
    if let connection {
      await fresh.close()
      return (connection, true)
    }
    connection = fresh
    return (fresh, false)
  }
}
