import Ledger
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Rows of an exchange database that no row_guid tells from others, and rows that cannot be told in UTF-8.
@Suite struct ExchangeIdentityTests {
  private static let open = """
    SELECT code, field, convert_from(bytes, 'UTF8') FROM bizclock.quarantine WHERE resolved_at IS NULL ORDER BY 3
    """

  // MARK: Without a row_guid

  /// Each row without a row_guid is kept by itself, whole, and once; rows beside them get in.
  @Test func withoutARowGuid() async throws {
    try await ExchangeDesk.with { desk in
      let now = ExchangeReaderTests.now
      try await desk.upstream(
        """
        ALTER TABLE up_pro_result DROP CONSTRAINT up_pro_result_pkey;
        ALTER TABLE up_pro_result ALTER row_guid DROP NOT NULL, ALTER cd_time DROP NOT NULL;
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        SELECT guid, 'I', moment, 'C' || n, '2026-09-14 10:00', '1'
        FROM generate_series(1, 1200) AS n, (SELECT \(now) AS moment) AS s,
          LATERAL (SELECT CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN ' ' ELSE 'g' || n END) AS g (guid);
        """)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 400)
      let kept = """
        SELECT code, field, count(*)::text, count(DISTINCT bytes)::text, bool_and(message LIKE '%a view%')::text
        FROM bizclock.quarantine WHERE resolved_at IS NULL GROUP BY 1, 2
        """
      #expect(try await desk.rows(kept) == [["missing_field", "row_guid", "800", "800", "true"]])
      // Without a time too they are for the night; once more they say nothing new.
      try await desk.upstream(
        """
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        SELECT NULL, 'I', NULL, 'N' || n, '2026-09-14 10:00', '1' FROM generate_series(1, 1200) AS n;
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        VALUES ('last', 'I', NULL, 'L', '2026-09-14 10:00', '1')
        """)
      desk.clock.advance(by: 86_400_000_000)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.rows(kept) == [["missing_field", "row_guid", "2000", "2000", "true"]])
      #expect(try await desk.total() == 401)
      #expect(
        try await desk.rows("SELECT count(*)::text FROM bizclock.exchange_position WHERE compared_after IS NULL")
          == [["4"]])
    }
  }

  /// A row_guid that is no ASCII gives no order, and tells its row all the same.
  @Test func aRowGuidOfOtherLetters() async throws {
    try await ExchangeDesk.with { desk in
      let now = ExchangeReaderTests.now
      try await desk.accept("甲", "C1", "2026-09-14 09:00", written: now)
      try await desk.accept("乙", "C2", "2026-09-14 09:00", written: now)
      try await desk.read()
      #expect(try await desk.total() == 4)
      try await desk.upstream("UPDATE up_pro_accept SET accept_date = '2026-09-14 10:00' WHERE row_guid = '甲'")
      desk.clock.advance(by: 86_400_000_000)
      for _ in 1...2 { try await desk.read() }
      #expect(
        try await desk.events() == [
          "C1 submitted 09-14 09:00", "C1 accepted 09-14 10:00", "C2 accepted 09-14 09:00",
          "C2 submitted 09-14 09:00",
        ])
      #expect(try await desk.total() == 6)
    }
  }

  // MARK: Bytes that are no text

  /// Encodings of exchange databases, and bytes that they take and cannot tell in UTF-8.
  static let encodings = [("SQL_ASCII", "b0a1"), ("EUC_CN", "a2a1")]

  /// A row whose bytes are no text is kept by itself, with its column and its bytes; all others get in.
  @Test(arguments: encodings) func bytesThatAreNoText(_ encoding: String, _ bad: String) async throws {
    try await ExchangeIdentityTests.with(encoding) { desk in
      let now = ExchangeReaderTests.now
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, applyer_name, applyer_type,
          apply_date, accept_date)
        SELECT 'g' || n, 'I', \(now), 'C' || n, '11469005MB1A00001', '文昌', '2', '2026-09-14 08:30', '2026-09-14 09:00'
        FROM generate_series(1, 1100) AS n;
        CREATE FUNCTION bad(front text) RETURNS text LANGUAGE sql
          RETURN front || convert_from('\\x\(bad)', getdatabaseencoding());
        UPDATE up_pro_accept SET applyer_name = bad('文') WHERE row_guid = 'g7';
        UPDATE up_pro_accept SET project_no = bad('C') WHERE row_guid = 'g70';
        UPDATE up_pro_accept SET row_guid = bad('g') WHERE row_guid = 'g700'
        """)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 2 * 1_097)
      #expect(
        try await desk.rows("SELECT DISTINCT entity_name FROM bizclock.event") == [["文昌"]])
      let kept = try await desk.rows(Self.open)
      #expect(kept.map { $0[0] } == ["bad_encoding", "bad_encoding", "bad_encoding"])
      #expect(Set(kept.map { $0[1] }) == ["applyer_name", "project_no", "row_guid"])
      // What can be told is told, and the bytes are kept.
      #expect(kept.contains { $0[2].contains(#""row_guid":"g70""#) && $0[2].contains(#""applyer_name":"文昌""#) })
      #expect(kept.contains { $0[2].contains(#""project_no":{"hex":"43\#(bad)"}"#) })
      // The comparison comes by them too; corrected, they are settled.
      try await desk.upstream(
        """
        UPDATE up_pro_accept SET applyer_name = '文昌' WHERE row_guid = 'g7';
        UPDATE up_pro_accept SET project_no = 'C70' WHERE row_guid = 'g70'
        """)
      desk.clock.advance(by: 86_400_000_000)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.rows(Self.open).map { $0[1] } == ["row_guid"])
      #expect(try await desk.total() == 2 * 1_099)
    }
  }

  /// A table of nothing else: all of it is kept, page by page.
  @Test func nothingButBytes() async throws {
    try await ExchangeIdentityTests.with("SQL_ASCII") { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, applyer_name, apply_date)
        SELECT 'g' || n, 'I', \(ExchangeReaderTests.now), 'C' || n, '1', convert_from('\\xb0a1', 'SQL_ASCII') || n,
          '2026-09-14 08:30'
        FROM generate_series(1, 1500) AS n
        """)
      let begun = ContinuousClock.now
      try await desk.read()
      print("ExchangeIdentityTests: 1500 rows of bytes alone in \(ContinuousClock.now - begun)")
      #expect(try await desk.rows("SELECT count(DISTINCT bytes)::text FROM bizclock.quarantine") == [["1500"]])
      #expect(try await desk.total() == 0)
    }
  }

  /// A desk whose exchange database has another encoding.
  private static func with(
    _ encoding: String, _ body: @Sendable (ExchangeDesk) async throws -> Void
  ) async throws {
    try await ExchangeDesk.with { desk in
      // The name is the encoding's and the desk's own.
      let name = "\(desk.upstream.split(separator: "=").last ?? "")_\(encoding.lowercased())"
      try await ExchangeDesk.run(
        desk.upstream,
        "CREATE DATABASE \(name) ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
      let upstream = desk.upstream.replacingDatabase(name)
      // The role is the server's, and there.
      let schema = try ExchangeDesk.text("schema.sql").replacing("CREATE ROLE bizclock_exchange LOGIN;", with: "")
      try await ExchangeDesk.run(upstream, schema)
      try await body(
        try ExchangeDesk(conninfo: desk.conninfo, upstream: upstream, at: "2026-09-15T10:00:00+08:00"))
      try await ExchangeDesk.run(desk.upstream, "DROP DATABASE \(name) WITH (FORCE)")
    }
  }
}
