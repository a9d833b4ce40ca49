import LibPQ

/// What an error of the database means to whoever runs it, and what to do.
enum DatabaseTrouble {
  /// One or two sentences; the error itself is told beside them.
  static func sentence(_ error: any Error) -> String {
    guard let error = error as? PostgresError else { return refusal }
    if let known = known(error) { return known + " Nothing taken in is lost; trying again until it serves." }
    return error.isRetryable ? "The database does not serve; trying again until it does." : refusal
  }

  private static let refusal =
    "The database refuses the work; trying again. See the error, and run: bizclock verify."

  private static func known(_ error: PostgresError) -> String? {
    switch error.code {
    case .tooManyConnections?:
      return "The database takes no more connections: end idle ones, or raise max_connections or the role's or "
        + "database's CONNECTION LIMIT; a daemon needs four, and one more for each feed."
    case .diskFull?: return "The database's disk is full: make room there."
    case .outOfMemory?: return "The database's server is out of memory: see its log."
    case .invalidPassword?, .invalidAuthorization?:
      return "The database refuses the login: put right the password file, the role or pg_hba.conf."
    case .invalidCatalogName?:
      return "The database is not there: restore it, or name the right one in the configuration."
    case .undefinedTable?, .undefinedSchema?:
      return "The tables of bizclock are not there: restore the database, or run: bizclock migrate."
    case .insufficientPrivilege?:
      return "The role lacks a right: see the error, and run bizclock migrate as the owner."
    case .readOnlyTransaction?:
      return "The database is read-only: it is a standby, or default_transaction_read_only is on; promote it, "
        + "switch that off, or name all hosts and target_session_attrs=read-write in the configuration."
    case .cannotConnectNow?: return "The database is starting up, shutting down or recovering."
    case .queryCanceled?: return "A statement was cancelled, or took longer than it may."
    case .lockNotAvailable?: return "Another session holds a lock for long."
    default: break
    }
    // What libpq says itself has no code.
    if error.message.contains("read-only") || error.message.contains("hot standby") {
      return "No host of the database takes writes: promote a standby."
    }
    if error.message.contains("synchronous standby") {
      return "A commit is on one server alone, so it does not count: bring the synchronous standby back, or clear "
        + "synchronous_standby_names."
    }
    return nil
  }
}
