import Foundation
import TestSupport
import Testing

@testable import Daemon

/// Guarantee 2: kill -9 of the daemon or of the database at named points of a load, then again: the same result as
/// an undisturbed run.
@Suite(.serialized, .alone) struct KillTests {
  /// Where in its work the daemon is when the blow falls.
  enum Point: String, CaseIterable, CustomTestStringConvertible {
    /// The batch is copied into the ledger, nothing is committed.
    case appending
    /// The batch is committed, its file is not moved away yet.
    case appended
    /// Clocks are written, metric cells are not; nothing is committed.
    case projecting
    /// Alerts are written, their log lines are not; nothing is committed.
    case alerting
    /// Log lines are written, and still in the queue.
    case logging

    var testDescription: String { rawValue }
    /// The table whose lock stops the daemon there.
    var table: String? {
      switch self {
      case .appending: "bizclock.feed"
      case .projecting: "bizclock.metric_cell"
      case .alerting: "bizclock.log_outbox"
      case .appended, .logging: nil
      }
    }
  }

  enum Victim: String, CaseIterable { case daemon, database }

  @Test(arguments: Victim.allCases) func theSameAsUndisturbed(_ victim: Victim) async throws {
    let seed = UInt64.random(in: 1...1_000_000)
    print("KillTests: victim \(victim.rawValue), seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let load = try Load(seed: seed, files: 12)
    let expected = try await undisturbed(load)

    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let office = try OfficeFolder(conninfo: server.conninfo)
    defer { office.remove() }
    try await office.migrate()
    var logs: [DaemonProcess] = []
    var daemon = try office.start()
    logs.append(daemon)
    try await daemon.logged("ready")
    var files = load.files[...]
    for point in Point.allCases.shuffled(using: &random) {
      let context = "seed \(seed), at \(point.rawValue)"
      let barrier = if let table = point.table { try await Barrier(table, server.conninfo) } else { Barrier?.none }
      let before = daemon.lines.count
      for file in files.prefix(2) { try office.put(file) }
      files = files.dropFirst(2)
      switch point {
      case .appending, .projecting, .alerting: try await barrier?.reached()
      case .appended: try await office.appended()
      case .logging:
        let daemon = daemon
        try await TestDeadline.within(TestDeadline.patience, "a line about an alert, \(context)") {
          while !daemon.lines.dropFirst(before).contains(where: { $0.contains("alert.") }) {
            try Task.checkCancellation()
            await Task.yield()
          }
        }
      }
      switch victim {
      case .daemon:
        daemon.signal(SIGKILL)
        #expect(try await daemon.exit() == 128 + SIGKILL)
        await barrier?.open()
        daemon = try office.start()
        logs.append(daemon)
      case .database:
        try server.kill()
        await barrier?.open()
        try await server.start()
      }
    }
    for file in files { try office.put(file) }
    try await office.finished(load)
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)

    let found = try await office.result()
    #expect(found.count == expected.count, "seed \(seed)")
    for (there, here) in zip(expected, found) where there != here {
      Issue.record("seed \(seed): \(here) instead of \(there)")
      break
    }
    // Each alert is in the log, though it may be there twice after a blow.
    let logged = Set(logs.flatMap(\.records).filter { $0["event"] == "alert.raised" }.compactMap { $0["alert_id"] })
    let raised = Set(
      try await TestQuery.rows(
        server.conninfo, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective"
      ).map { $0[0] })
    #expect(raised.count > 20)
    #expect(raised.subtracting(logged).isEmpty, "seed \(seed)")
    let unlogged = try await TestQuery.rows(
      server.conninfo, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective AND logged_at IS NULL")
    #expect(unlogged.isEmpty, "seed \(seed)")
  }

  private func undisturbed(_ load: Load) async throws -> [String] {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      for file in load.files { try office.put(file) }
      let daemon = try office.start()
      try await office.finished(load)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      return try await office.result()
    }
  }
}
