import Foundation
import LibPQ
import ServiceTime
import Synchronization
import TestSupport
import Testing

@testable import Daemon
@testable import Web

/// Load at the machine's limit while the database is killed and started again: what was answered with 202 is in the
/// ledger, and nothing is there twice. BIZCLOCK_HTTP_SECONDS says for how long, 5 if left out.
@Suite struct EventsLoadTests {
  private static let seconds = Int(ProcessInfo.processInfo.environment["BIZCLOCK_HTTP_SECONDS"] ?? "") ?? 5
  private static let clients = 24

  /// What one client did.
  private struct Tally: Sendable {
    var accepted: [String] = []
    var requests = 0
  }

  /// What all clients share.
  private final class Load: Sendable {
    /// Answers but 202, and none.
    let inVain = Atomic(0)
    let isOver = Atomic(false)
  }

  @Test func whatIsAcceptedSurvives() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    try await WebOffice.migrate(node.conninfo)
    try await WebOffice.withOffice(at: node.conninfo) { office in
      try await office.ready()
      let load = Load()
      var total = Tally()
      try await withThrowingTaskGroup(of: Tally?.self) { group in
        for number in 0..<EventsLoadTests.clients {
          group.addTask { try await EventsLoadTests.client(number, office, load) }
        }
        group.addTask {
          let part = Duration.seconds(EventsLoadTests.seconds) / 3
          for _ in 0..<2 {
            try await Task.sleep(for: part)
            let before = load.inVain.load(ordering: .relaxed)
            try node.kill()
            try await TestDeadline.within(TestDeadline.patience, "a post in vain") {
              while load.inVain.load(ordering: .relaxed) == before { try await Task.sleep(for: .milliseconds(10)) }
            }
            try node.start()
          }
          try await Task.sleep(for: part)
          load.isOver.store(true, ordering: .relaxed)
          return nil
        }
        for try await tally in group {
          total.accepted += tally?.accepted ?? []
          total.requests += tally?.requests ?? 0
        }
      }
      let rows = try await office.rows("SELECT event_id FROM bizclock.event").compactMap { $0[0] }
      #expect(rows.count == Set(rows).count, "some are there twice")
      #expect(Set(rows) == Set(total.accepted))
      #expect(total.accepted.count == Set(total.accepted).count)
      let counted = try await office.rows(
        "SELECT received::text, quarantined::text FROM bizclock.feed WHERE name = 'hall'")
      #expect(counted == [["\(rows.count)", "0"]])
      try await office.projected(through: Int64(rows.count))
      print(
        "\(total.requests) requests, \(rows.count) events, \(load.inVain.load(ordering: .relaxed)) in vain, in \(EventsLoadTests.seconds) s"
      )
    }
  }

  /// Posts events of its own until the load is over; each body again and again until it is accepted.
  private static func client(_ number: Int, _ office: WebOffice, _ load: Load) async throws -> Tally {
    var tally = Tally()
    var client: RawClient?
    var next = 0
    while !load.isOver.load(ordering: .relaxed) {
      let ids = (next..<next + 1 + next % 7).map { "K\(number)-\($0)" }
      next += ids.count
      let lines = ids.map { WebOffice.event($0, "accepted", EventsTests.at) }
      let body = Array((lines.joined(separator: "\n") + "\n").utf8)
      while true {
        tally.requests += 1
        do {
          let connection = try client ?? RawClient(office.address)
          client = connection
          _ = await connection.post(
            "/v1/events", body, token: WebOffice.hall, fields: ["Content-Type: application/x-ndjson"])
          let reply = try await connection.reply()
          if reply.status == 202 { break }
          #expect([429, 503].contains(reply.status) && reply["Retry-After"] != nil, "\(reply)")
          if reply["Connection"] == "close" { client = nil }
        } catch let error as RawClient.Failure {
          Issue.record("\(error)")
          client = nil
        }
        load.inVain.add(1, ordering: .relaxed)
        try await Task.sleep(for: .milliseconds(20))
      }
      tally.accepted += ids.map { "\($0)-accepted" }
    }
    return tally
  }
}
