import LibPQ

/// What to do where the database says that this role may not (SQLSTATE 42501).
enum MissingRights {
  /// EX_NOPERM of sysexits.h.
  static let status: Int32 = 77

  /// The database's words with the remedy; nil for any other error.
  static func words(_ error: PostgresError) -> String? {
    guard error.code == .insufficientPrivilege else { return nil }
    // Who may not even look into the schema is neither the owner nor the daemon.
    let isOutsider = error.message.contains("schema bizclock")
    return "\(error)\n"
      + (isOutsider
        ? "This role has no rights here. For the daemon and its commands, as a superuser: CREATE ROLE bizclock_daemon "
          + "(if it is not there), GRANT bizclock_daemon TO this role; then, as the owner: bizclock migrate."
        : "This needs the owner's role, the one that ran bizclock migrate: the daemon's own may append, project and "
          + "record, and no more. Connect as the owner, for example: "
          + "BIZCLOCK_DATABASE=\"host=/run/postgresql dbname=bizclock user=OWNER\" bizclock …")
  }
}
