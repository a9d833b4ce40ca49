import LibPQ
import Testing

@testable import Daemon

/// What is said of an error of the database: what it means, and what to do.
@Suite struct DatabaseTroubleWordsTests {
  @Test(arguments: [
    ("53300", PostgresError.Kind.unreachable, "max_connections"), ("53100", .server, "make room"),
    ("28P01", .unreachable, "password file"), ("3D000", .unreachable, "restore it"),
    ("42P01", .server, "bizclock migrate"), ("3F000", .server, "bizclock migrate"), ("42501", .server, "owner"),
    ("25006", .server, "promote it"), ("57P03", .unreachable, "starting up"), ("23505", .server, "bizclock verify"),
    ("40001", .server, "does not serve"),
  ])
  func eachNamesARemedy(_ code: String, _ kind: PostgresError.Kind, _ remedy: String) {
    let error = PostgresError(kind, operation: "x", message: "m", code: SQLState(code))
    #expect(DatabaseTrouble.sentence(error).contains(remedy))
  }

  @Test(arguments: [
    ("connection to server at \"a\", port 1 failed: session is read-only", "promote a standby"),
    (
      "committed on this server alone: the wait for its synchronous standby was cancelled",
      "synchronous_standby_names"
    ),
    ("no route", "does not serve"),
  ])
  func whatHasNoCode(_ message: String, _ remedy: String) {
    let error = PostgresError(.outcomeUnknown, operation: "x", message: message)
    #expect(DatabaseTrouble.sentence(error).contains(remedy))
  }
}
