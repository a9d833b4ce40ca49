import Foundation
import TestSupport
import Testing

@testable import Daemon

/// What a disturbed run must end with: all that an undisturbed one has, each alert once in the database and at least
/// once in a log, and projections that the ledger proves.
enum SameAsUndisturbed {
  /// What a daemon makes of a load, and of what `ingest` read from standard input, if nothing comes in between.
  static func run(_ load: Load, ingesting input: String? = nil) async throws -> [String] {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      for file in load.files { try office.put(file) }
      let daemon = try office.start()
      if let input {
        let run = try await ProgramRun.finished(
          ["ingest", "-", "--config", office.path + "/bizclock.yaml"], input: input)
        #expect(run.status == 65, "\(run.errors)")
      }
      try await office.finished(load)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      return try await office.result()
    }
  }

  /// Compares a finished run with it.
  static func check(
    _ load: Load, _ office: OfficeFolder, _ daemons: [DaemonProcess], ingesting input: String? = nil,
    _ context: String = ""
  ) async throws {
    let expected = try await run(load, ingesting: input)
    let found = try await office.result()
    #expect(found.count == expected.count, "\(context)")
    for (there, here) in zip(expected, found) where there != here {
      Issue.record("\(context): \(here) instead of \(there)")
      break
    }
    let logged = Set(
      daemons.flatMap(\.records).filter { $0["event"] == "alert.raised" }.compactMap { $0["alert_id"] })
    let raised = Set(
      try await TestQuery.rows(office.conninfo, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective").map
      {
        $0[0]
      })
    #expect(raised.count > 20, "\(context)")
    #expect(raised.subtracting(logged).isEmpty, "\(context)")
    // What was committed only here and there, and is no alert now, was told by nobody.
    #expect(logged.subtracting(raised).isEmpty, "\(context)")
    let verify = try await ProgramRun.finished(
      ["verify", "--config", office.path + "/bizclock.yaml"], environment: ["BIZCLOCK_DATABASE": office.conninfo])
    #expect(verify.status == 0, "\(context): \(verify.output)\(verify.errors)")
  }
}
