import Foundation
import TestSupport
import Testing

@testable import Daemon

/// Commands by hand, where the configuration names credentials that only the unit has.
@Suite struct ByHandTests {
  @Test func commandsDoWithoutTheCredentialsOfTheUnit() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      let file = office.path + "/bizclock.yaml"
      try """
      database: "${CREDENTIALS_DIRECTORY}/database"
      http: { tokens: "${CREDENTIALS_DIRECTORY}/tokens" }
      feeds:
        - { name: office, source: office, kind: spool, directory: \(office.spool), format: ndjson }
        - { name: exchange, source: x, kind: exchange, time_zone: UTC, database: "${CREDENTIALS_DIRECTORY}/exchange" }

      """.write(toFile: file, atomically: true, encoding: .utf8)
      try Data().write(to: URL(filePath: office.path + "/empty.ndjson"))
      func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> ProgramRun {
        try await ProgramRun.finished(
          arguments + ["--config", file],
          environment: environment.merging(["CREDENTIALS_DIRECTORY": ""]) { mine, _ in mine })
      }
      let known = ["BIZCLOCK_DATABASE": conninfo]
      for command in [["status"], ["quarantine", "list"], ["verify"], ["ingest", office.path + "/empty.ndjson"]] {
        let done = try await run(command, known)
        #expect(done.status == 0, "\(command) \(done.errors)")
      }
      // The credential itself, as systemd-run gives it.
      try conninfo.write(toFile: office.path + "/database", atomically: true, encoding: .utf8)
      #expect(try await run(["status"], ["CREDENTIALS_DIRECTORY": office.path]).status == 0)
      // These ask no database.
      #expect(try await run(["due", "--commitment", "opening", "--start", "2026-09-18T10:00"]).status == 0)
      #expect(try await run(["feed", "check", "office", office.path + "/empty.ndjson"]).status == 0)

      // Who needs them says so.
      let status = try await run(["status"])
      #expect(status.status == 78 && status.errors.contains("set BIZCLOCK_DATABASE"), "\(status.errors)")
      let refused = "feeds[exchange].database: CREDENTIALS_DIRECTORY is not set; start under systemd"
      for command in [["feed", "check", "exchange"], ["run"]] {
        let wrong = try await run(command, known)
        #expect(wrong.status == 78 && wrong.errors.contains(refused), "\(command) \(wrong.errors)")
      }
    }
  }
}
