/// An SQLSTATE: five characters that name a condition (PostgreSQL manual, appendix A).
public struct SQLState: Hashable, Sendable, CustomStringConvertible {
  /// The five characters.
  public let text: String
  /// An SQLSTATE of its text.
  public init(_ text: String) { self.text = text }

  public static let uniqueViolation = SQLState("23505")
  public static let serializationFailure = SQLState("40001")
  public static let deadlockDetected = SQLState("40P01")
  public static let lockNotAvailable = SQLState("55P03")
  public static let queryCanceled = SQLState("57014")
  public static let adminShutdown = SQLState("57P01")
  public static let crashShutdown = SQLState("57P02")
  public static let cannotConnectNow = SQLState("57P03")
  public static let idleSessionTimeout = SQLState("57P05")
  public static let idleInTransactionTimeout = SQLState("25P03")
  public static let transactionTimeout = SQLState("25P04")
  public static let statementCompletionUnknown = SQLState("40003")
  public static let tooManyConnections = SQLState("53300")
  public static let outOfMemory = SQLState("53200")
  public static let diskFull = SQLState("53100")
  public static let readOnlyTransaction = SQLState("25006")
  public static let undefinedTable = SQLState("42P01")
  public static let undefinedSchema = SQLState("3F000")
  public static let invalidCatalogName = SQLState("3D000")
  public static let invalidPassword = SQLState("28P01")
  public static let invalidAuthorization = SQLState("28000")
  public static let insufficientPrivilege = SQLState("42501")
  public static let characterNotInRepertoire = SQLState("22021")
  public static let untranslatableCharacter = SQLState("22P05")

  /// The text.
  public var description: String { text }

  /// Whether the same work may succeed when it is begun again on a good connection.
  ///
  /// Serialization failures, deadlocks, lock and connection trouble, shutdowns and fail-overs, and a full disk pass;
  /// everything else will fail again.
  public var isRetryable: Bool {
    switch self {
    case .serializationFailure, .deadlockDetected, .statementCompletionUnknown, .lockNotAvailable, .queryCanceled,
      .adminShutdown,
      .crashShutdown, .cannotConnectNow, .idleSessionTimeout, .idleInTransactionTimeout, .transactionTimeout,
      .readOnlyTransaction:
      true
    default: text.hasPrefix("08") || text.hasPrefix("53") || text.hasPrefix("58")
    }
  }
}
