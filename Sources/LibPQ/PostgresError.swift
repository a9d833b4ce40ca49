/// What went wrong between this process and PostgreSQL.
///
/// Its description is safe to log: neither bind values nor rows nor the server's DETAIL are in it.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of trouble.
  public enum Kind: String, Sendable {
    /// No connection could be made.
    case unreachable
    /// The server refused a statement.
    case server
    /// The connection broke; nothing that could have been committed was on the wire.
    case connectionLost
    /// The connection broke while a commit, or a statement that commits by itself, was on the wire: it may or may
    /// not have happened. Ask again by id.
    case outcomeUnknown
    /// The server did not answer in time; the connection was closed.
    case timeout
    /// The statement was cancelled.
    case cancelled
    /// A value was not of the form that was expected.
    case decode
    /// The call itself was wrong.
    case usage
    /// Others have changed what the work rested on; nothing was done.
    case overtaken
    /// The installation is not as it must be: no connection is even tried.
    case setup
  }

  /// What kind of trouble it is.
  public var kind: Kind
  /// The server's code, where it gave one.
  public var code: SQLState?
  /// What was being done: the statement's first words.
  public var operation: String
  /// The server's primary message, or ours.
  public var message: String
  /// The constraint at fault.
  public var constraint: String?
  /// The table at fault.
  public var table: String?

  /// An error.
  public init(
    _ kind: Kind, operation: String, message: String, code: SQLState? = nil, constraint: String? = nil,
    table: String? = nil
  ) {
    self.kind = kind
    self.code = code
    self.operation = operation
    self.message = message
    self.constraint = constraint
    self.table = table
  }

  /// Whether the same work may succeed when it is begun again, on a good connection.
  public var isRetryable: Bool {
    switch kind {
    case .unreachable, .connectionLost, .outcomeUnknown, .timeout: true
    case .server, .cancelled: code?.isRetryable ?? false
    case .decode, .usage, .overtaken, .setup: false
    }
  }

  /// Whether the connection is of no more use.
  public var endsConnection: Bool {
    switch kind {
    case .unreachable, .connectionLost, .outcomeUnknown, .timeout: true
    default: false
    }
  }

  /// One line, safe to log.
  public var description: String {
    var text = operation.isEmpty ? "" : operation + ": "
    text += message
    if let code { text += " (SQLSTATE \(code))" }
    if let constraint { text += " [constraint \(constraint)]" }
    return text
  }
}
