import Foundation
import LibPQ
import ServiceTime
import TestSupport

@testable import Ledger

/// A database with the schema and the shipped policy, at a fixed time.
enum LedgerTestBase {
  static let now = Instant(rfc3339: "2026-11-23T00:00:00+08:00") ?? Instant(microseconds: 0)

  static func withDatabase<R: Sendable>(_ body: @Sendable (Connection, Rulebook) async throws -> R) async throws
    -> R
  {
    let rulebook = try ShippedPolicy.rulebook()
    return try await TestCluster.shared.withDatabase(
      template: "ledger",
      prepare: { conninfo in
        let connection = try await Connection.connect(conninfo)
        try await connection.run { session in
          _ = try Schema.migrate(&session, now: now)
          _ = try Rules.apply(
            [
              (.policy, RuleDocument(text: "policy", files: [:])),
              (.calendar, RuleDocument(text: "calendar", files: [:])),
            ], rulebook: rulebook, by: "test", reason: "first", retrospectiveAfter: 86_400_000_000, now: now,
            on: &session)
        }
        await connection.close()
      },
      { conninfo in
        let connection = try await Connection.connect(conninfo)
        let result = try await body(connection, rulebook)
        await connection.close()
        return result
      })
  }

  /// Appends events in batches.
  static func append(_ events: [Event], batch: Int, on connection: Connection) async throws -> AppendOutcome {
    try await connection.run { session in
      var appender = Appender()
      var total = AppendOutcome()
      var rest = events[...]
      while !rest.isEmpty {
        total += try appender.append(
          AppendBatch(feed: "test", source: "vectors", events: Array(rest.prefix(batch)), receivedAt: now),
          on: &session)
        rest = rest.dropFirst(batch)
      }
      return total
    }
  }

  /// Projects all there is.
  static func project(
    _ connection: Connection, _ rulebook: Rulebook, batch: Int = 20_000, cached: Int = 100_000, now: Instant = now
  ) async throws {
    try await connection.run { session in
      guard let term = try Leadership.acquire(&session, holder: "test", now: now) else { return }
      var settings = ProjectorSettings()
      settings.batch = batch
      settings.cachedCases = cached
      let projector = Projector(term: term, rulebook: rulebook, settings: settings)
      try projector.prepare(&session)
      while try projector.projectNext(&session, now: now) != .idle {}
      while try projector.raiseLevels(&session, now: now).more {}
    }
  }

  /// All projections as text, without ids and times of recording, in a fixed order.
  static func dump(_ connection: Connection) async throws -> [String] {
    try await connection.run { session in
      var lines: [String] = []
      let queries = [
        """
        SELECT (to_jsonb(c) - 'started_received_at' - 'verdict_recorded_at' - 'history')::text
        FROM bizclock.clock c ORDER BY case_id, commitment, round
        """,
        "SELECT to_jsonb(c)::text FROM bizclock.case_file c ORDER BY case_id",
        """
        SELECT (to_jsonb(c) - 'cell')::text || coalesce((SELECT jsonb_agg(jsonb_build_array(b.measure, b.bucket, b.count)
          ORDER BY b.measure, b.bucket) FROM bizclock.metric_bucket b WHERE b.cell = c.cell)::text, '')
        FROM bizclock.metric_cell c
        ORDER BY basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome
        """,
        """
        SELECT case_id || commitment || round || level || revision || due_at || level_at || coalesce(resolved_at::text, '')
        FROM bizclock.alert WHERE withdrawn_at IS NULL ORDER BY case_id, commitment, round, level, revision
        """,
      ]
      for query in queries {
        let result = try session.execute(query)
        for row in 0..<result.rowCount { lines.append(try result.text(row, 0)) }
      }
      return lines
    }
  }
}
