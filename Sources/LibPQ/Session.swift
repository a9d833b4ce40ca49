/// A connection in the hands of one body: statements run one after the other, nothing else comes between.
public struct Session {
  let wire: Wire

  /// Runs one statement with values bound to `$1 …`, in binary.
  @discardableResult
  public func execute(_ sql: String, _ parameters: [Parameter] = []) throws(PostgresError) -> QueryResult {
    try wire.execute(sql, parameters)
  }

  /// Runs a script of several statements without parameters; what they return is dropped.
  public func script(_ sql: String) throws(PostgresError) { try wire.script(sql) }

  /// Runs statements without waiting for each answer; the first error stops the rest and is thrown.
  public func pipeline(_ statements: [(sql: String, parameters: [Parameter])]) throws(PostgresError)
    -> [QueryResult]
  { try wire.pipeline(statements) }

  /// Copies rows in, in binary, and says how many; an error in `body` undoes the copy.
  @discardableResult
  public func copyIn(_ sql: String, _ body: (inout CopyWriter) throws(PostgresError) -> Void)
    throws(PostgresError) -> Int
  { try wire.copyIn(sql, body) }

  /// Begins a transaction.
  public func begin(_ mode: String = "") throws(PostgresError) { try wire.execute("BEGIN " + mode, []) }
  /// Commits; if the connection breaks here, the outcome is unknown.
  public func commit() throws(PostgresError) { try wire.execute("COMMIT", []) }
  /// Undoes the transaction if one is open; a broken connection does that by itself.
  public func rollbackQuietly() {
    guard wire.isUsable, !wire.isShutDown, wire.isInTransaction else { return }
    _ = try? wire.execute("ROLLBACK", [])
  }
  /// Sets a savepoint.
  public func savepoint(_ name: StaticString) throws(PostgresError) { try wire.execute("SAVEPOINT \(name)", []) }
  /// Goes back to a savepoint.
  public func rollback(to name: StaticString) throws(PostgresError) {
    try wire.execute("ROLLBACK TO SAVEPOINT \(name)", [])
  }

  /// Whether a transaction is open.
  public var isInTransaction: Bool { wire.isInTransaction }
}
