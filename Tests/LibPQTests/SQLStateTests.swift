import LibPQ
import Testing

/// Which errors are worth another attempt, by class of SQLSTATE (PostgreSQL manual, appendix A).
@Suite struct SQLStateTests {
  /// Every class, and the codes that are not judged as their class is.
  static let table: [(code: String, isRetryable: Bool)] = [
    ("00000", false),  // successful completion
    ("01000", false),  // warning
    ("02000", false),  // no data
    ("03000", false),  // statement not yet complete
    ("08000", true), ("08001", true), ("08003", true), ("08004", true), ("08006", true), ("08007", true),
    ("08P01", true),  // connection
    ("09000", false),  // triggered action
    ("0A000", false),  // feature not supported
    ("0B000", false),  // transaction initiation
    ("0F000", false),  // locator
    ("0L000", false),  // grantor
    ("0P000", false),  // role
    ("0Z000", false),  // diagnostics
    ("20000", false),  // case not found
    ("21000", false),  // cardinality
    ("22000", false), ("22001", false), ("22012", false), ("22P02", false),  // data
    ("23000", false), ("23502", false), ("23503", false), ("23505", false), ("23514", false),  // constraints
    ("24000", false),  // cursor state
    ("25000", false), ("25001", false), ("25P01", false), ("25P02", false),  // transaction state
    ("25006", true),  // read only: a primary that became a standby
    ("25P03", true), ("25P04", true),  // idle in transaction, transaction too long
    ("26000", false),  // statement name
    ("27000", false),  // triggered data change
    ("28000", false), ("28P01", false),  // authorization
    ("2B000", false),  // dependent privileges
    ("2D000", false),  // transaction termination
    ("2F000", false),  // SQL routine
    ("34000", false),  // cursor name
    ("38000", false), ("39000", false),  // external routine
    ("3B000", false),  // savepoint
    ("3D000", false),  // catalog name
    ("3F000", false),  // schema name
    ("40000", false), ("40002", false),  // rollback, by a constraint
    ("40001", true), ("40P01", true), ("40003", true),  // serialization, deadlock, completion unknown
    ("42000", false), ("42501", false), ("42601", false), ("42703", false), ("42P01", false),  // syntax, access
    ("44000", false),  // check option
    ("53000", true), ("53100", true), ("53200", true), ("53300", true), ("53400", true),  // resources
    ("54000", false), ("54001", false),  // program limits
    ("55000", false), ("55006", false), ("55P02", false),  // object state
    ("55P03", true),  // lock not available
    ("57000", false), ("57P04", false),  // operator; database dropped
    ("57014", true),  // a statement's time-out
    ("57P01", true), ("57P02", true), ("57P03", true), ("57P05", true),  // shutdown, crash, starting, idle session
    ("58000", true), ("58030", true), ("58P01", true), ("58P02", true),  // system
    ("72000", false),  // snapshot
    ("F0000", false),  // configuration file
    ("HV000", false),  // foreign data
    ("P0000", false), ("P0001", false),  // PL/pgSQL
    ("XX000", false), ("XX001", false), ("XX002", false),  // internal, corrupted
  ]

  @Test(arguments: table) func retryable(_ code: String, _ expected: Bool) {
    #expect(SQLState(code).isRetryable == expected)
    let error = PostgresError(.server, operation: "INSERT", message: "no", code: SQLState(code))
    #expect(error.isRetryable == expected)
    #expect(error.endsConnection == false)
  }

  @Test(arguments: [
    (PostgresError.Kind.unreachable, true, true), (.connectionLost, true, true), (.outcomeUnknown, true, true),
    (.timeout, true, true), (.server, false, false), (.cancelled, false, false), (.decode, false, false),
    (.usage, false, false),
  ])
  func kinds(_ kind: PostgresError.Kind, _ isRetryable: Bool, _ endsConnection: Bool) {
    let error = PostgresError(kind, operation: "INSERT INTO t", message: "trouble", constraint: "t_once")
    #expect(error.isRetryable == isRetryable)
    #expect(error.endsConnection == endsConnection)
    #expect(error.description == "INSERT INTO t: trouble [constraint t_once]")
  }
}
