import LibPQ
import TestSupport
import Testing

/// Statements, values and copies against a real server.
@Suite struct SessionTests {
  func withConnection<R: Sendable>(
    _ options: ConnectionOptions = ConnectionOptions(), _ body: @Sendable (Connection, String) async throws -> R
  ) async throws -> R {
    try await TestCluster.shared.withDatabase { conninfo in
      let connection = try await Connection.connect(conninfo, options: options)
      let result = try await body(connection, conninfo)
      await connection.close()
      return result
    }
  }

  /// More than the server takes is refused before it is made, and the session goes on.
  @Test func valuesTooLongForTheServer() async throws {
    let megabyte = [UInt8](repeating: 0, count: 1 << 20)
    let long: [Parameter] = [
      .byteaArray(Array(repeating: megabyte, count: 3_000)), .byteaArray(Array(repeating: megabyte, count: 1_024)),
    ]
    try await withConnection { connection, _ in
      try await connection.run { session in
        try session.begin()
        try session.execute("CREATE TEMPORARY TABLE t (a bytea)")
        for value in long {
          for error in [
            #expect(throws: PostgresError.self, performing: { try session.execute("SELECT $1", [value]) }),
            #expect(
              throws: PostgresError.self,
              performing: {
                _ = try session.pipeline([("SELECT 1", []), ("SELECT $1, $1", [value])])
              }),
          ] {
            #expect(error?.kind == .usage)
            #expect(error?.message.contains("PostgreSQL takes at most 1073741822 at once") == true)
          }
        }
        // The half of it goes.
        let half = Parameter.byteaArray(Array(repeating: megabyte, count: 64))
        #expect(try session.execute("INSERT INTO t SELECT unnest($1::bytea[])", [half]).affectedRows == 64)
        try session.commit()
      }
    }
  }

  @Test func everyTypeComesBackAsItWent() async throws {
    try await withConnection { connection, _ in
      try await connection.run { session in
        let result = try session.execute(
          "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16",
          [
            .bool(true), .int4(-7), .int8(.max), .float8(1.5), .text("名—'\"\\"), .bytea([0, 255, 10]),
            .timestamptz(1_790_000_000_123_456), .date(20_000), .jsonb("{\"a\": [1]}"),
            .textArray(["a", nil, "{},\""]), .int4Array([1, nil]), .int8Array([.min]), .timestamptzArray([0, nil]),
            .boolArray([true, false, nil]), .text(nil), .dateArray([20_000, nil, -1]),
          ])
        #expect(try result.bool(0, 0))
        #expect(try result.int4(0, 1) == -7)
        #expect(try result.int8(0, 2) == .max)
        #expect(try result.float8(0, 3) == 1.5)
        #expect(try result.text(0, 4) == "名—'\"\\")
        #expect(try result.bytea(0, 5) == [0, 255, 10])
        #expect(try result.timestamptz(0, 6) == 1_790_000_000_123_456)
        #expect(try result.date(0, 7) == 20_000)
        #expect(try result.optionalJSON(0, 8) == "{\"a\": [1]}")
        #expect(try result.optionalTextArray(0, 9) == ["a", nil, "{},\""])
        #expect(try result.optionalInt4Array(0, 10) == [1, nil])
        #expect(try result.optionalInt8Array(0, 11) == [.min])
        #expect(try result.optionalTimestamptzArray(0, 12) == [0, nil])
        #expect(try result.optionalBoolArray(0, 13) == [true, false, nil])
        #expect(try result.optionalText(0, 14) == nil)
        #expect(try result.optionalDateArray(0, 15) == [20_000, nil, -1])
        #expect(throws: PostgresError.self) { try result.int4(0, 4) }
        #expect(throws: PostgresError.self) { try result.text(0, 14) }
        #expect(throws: PostgresError.self) { try result.int8(1, 2) }
        // Values beyond what counts from 1970 can say.
        for unbounded in ["infinity", "-infinity", "294276-12-31 23:59:59+00"] {
          #expect(throws: PostgresError.self) {
            try session.execute("SELECT $1::text::timestamptz", [.text(unbounded)]).timestamptz(0, 0)
          }
          #expect(throws: PostgresError.self) {
            try session.execute("SELECT array[$1::text::timestamptz]", [.text(unbounded)])
              .optionalTimestamptzArray(0, 0)
          }
        }
        for unbounded in ["infinity", "-infinity"] {
          #expect(throws: PostgresError.self) {
            try session.execute("SELECT $1::text::date", [.text(unbounded)]).date(0, 0)
          }
          #expect(throws: PostgresError.self) {
            try session.execute("SELECT array[$1::text::date]", [.text(unbounded)]).optionalDateArray(0, 0)
          }
        }
        #expect(throws: PostgresError.self) { try session.execute("SELECT NULL::bytea").bytea(0, 0) }
      }
    }
  }

  /// Arrays of dates and truth values as COPY writes them, empty and null.
  @Test func arraysCopiedIn() async throws {
    try await withConnection { connection, _ in
      try await connection.run { session in
        try session.execute("CREATE TABLE public.days (id int4, days date[], counted bool[])")
        try session.copyIn("COPY public.days FROM STDIN (FORMAT binary)") { writer throws(PostgresError) in
          for (id, days) in [[20_000, -1], [], nil].enumerated() as EnumeratedSequence<[[Int32]?]> {
            try writer.row(columns: 3)
            writer.int4(Int32(id))
            writer.dateArray(days)
            writer.boolArray(days.map { $0.map { $0 > 0 } })
          }
        }
        let found = try session.execute("SELECT days, counted, days::text FROM public.days ORDER BY id")
        #expect(try found.optionalDateArray(0, 0) == [20_000, -1])
        #expect(try found.optionalBoolArray(0, 1) == [true, false])
        #expect(try found.text(0, 2) == "{2024-10-04,1969-12-31}")
        #expect(try found.optionalDateArray(1, 0) == [])
        #expect(try found.optionalDateArray(2, 0) == nil)
        #expect(try found.optionalBoolArray(2, 1) == nil)
      }
    }
  }

  @Test func aMillionRowsCopiedIn() async throws {
    try await withConnection { connection, _ in
      try await connection.run { session in
        try session.execute(
          "CREATE TABLE public.rows (id int8 PRIMARY KEY, name text, tags text[], at timestamptz)")
        let count = try session.copyIn("COPY public.rows FROM STDIN (FORMAT binary)") {
          writer throws(PostgresError) in
          for id in Int64(0)..<1_000_000 {
            try writer.row(columns: 4)
            writer.int8(id)
            writer.text(id % 7 == 0 ? nil : "name \(id)")
            writer.textArray(id % 5 == 0 ? ["a", "b"] : nil)
            writer.timestamptz(id)
          }
        }
        #expect(count == 1_000_000)
        let sums = try session.execute(
          "SELECT count(*), sum(id)::int8, count(name), sum(cardinality(tags))::int8 FROM public.rows")
        #expect(try sums.int8(0, 0) == 1_000_000)
        #expect(try sums.int8(0, 1) == 499_999_500_000)
        #expect(try sums.int8(0, 3) == 400_000)
      }
    }
  }

  @Test func aCopyThatFailsLeavesTheConnectionUsable() async throws {
    try await withConnection { connection, _ in
      try await connection.run { session in
        try session.execute("CREATE TABLE public.rows (id int8 CONSTRAINT rows_once PRIMARY KEY)")
        let error = #expect(throws: PostgresError.self) {
          try session.copyIn("COPY public.rows FROM STDIN (FORMAT binary)") { writer throws(PostgresError) in
            for _ in 0..<50_000 {
              try writer.row(columns: 1)
              writer.int8(1)
            }
          }
        }
        #expect(error?.code == .uniqueViolation)
        #expect(error?.constraint == "rows_once")
        #expect(error?.kind == .server)
        #expect(error?.isRetryable == false)
        #expect("\(error.map(String.init(describing:)) ?? "")".contains("(id)=") == false)
        // The caller's own error undoes the copy too.
        #expect(throws: PostgresError.self) {
          try session.copyIn("COPY public.rows FROM STDIN (FORMAT binary)") { writer throws(PostgresError) in
            try writer.row(columns: 1)
            writer.int8(2)
            throw PostgresError(.usage, operation: "test", message: "enough")
          }
        }
        #expect(try session.execute("SELECT count(*) FROM public.rows").int8(0, 0) == 0)
      }
    }
  }

  @Test func aPipelineLargerThanEveryBufferBothWays() async throws {
    try await withConnection { connection, _ in
      try await connection.run { session in
        let large = String(repeating: "x", count: 4_000)
        let statements = (0..<10_000).map { index in
          (sql: "SELECT $1 || repeat('y', 4000), $2", parameters: [Parameter.text(large), .int4(Int32(index))])
        }
        let results = try session.pipeline(statements)
        #expect(results.count == 10_000)
        #expect(try results[9_999].int4(0, 1) == 9_999)
        #expect(try results[5].text(0, 0).utf8.count == 8_000)
        let error = #expect(throws: PostgresError.self) {
          try session.pipeline([
            (sql: "SELECT 1", parameters: []), (sql: "SELECT 1 / $1", parameters: [.int4(0)]),
            (sql: "SELECT 2", parameters: []),
          ])
        }
        #expect(error?.code == SQLState("22012"))
        #expect(try session.execute("SELECT 3").int4(0, 0) == 3)
      }
    }
  }

  @Test func lockTimeoutIsRetryable() async throws {
    var options = ConnectionOptions()
    options.settings = ["lock_timeout": "50ms"]
    try await withConnection(options) { connection, conninfo in
      let other = try await Connection.connect(conninfo)
      try await connection.run { _ = try $0.execute("CREATE TABLE public.locked (id int)") }
      try await other.run { session in
        try session.begin()
        try session.execute("LOCK TABLE public.locked")
      }
      let error = await #expect(throws: PostgresError.self) {
        try await connection.run { _ = try $0.execute("SELECT FROM public.locked") }
      }
      #expect(error?.code == .lockNotAvailable)
      #expect(error?.isRetryable == true)
      await other.close()
    }
  }
}
