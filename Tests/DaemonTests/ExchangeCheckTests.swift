import Foundation
import Testing

@testable import Daemon

/// `bizclock feed check` on an exchange database, as the shipped example has it.
@Suite struct ExchangeCheckTests {
  private func check(_ desk: ExchangeDesk, _ arguments: [String]) async throws -> ProgramRun {
    try await program(desk, ["feed", "check", "exchange"] + arguments)
  }

  private func program(_ desk: ExchangeDesk, _ arguments: [String]) async throws -> ProgramRun {
    let folder = FileManager.default.temporaryDirectory.path + "/bizclock-check-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let text = try ExchangeDesk.text("bizclock.yaml")
      .replacing(
        ExchangeDesk.place,
        with: ExchangeDesk.asReader(desk.upstream) + " password=hunter2"
      )
      .replacing("database: private", with: "database: \"\(desk.conninfo)\"")
    try text.write(toFile: folder + "/bizclock.yaml", atomically: true, encoding: .utf8)
    let run = try await ProgramRun.finished(arguments + ["--config", folder + "/bizclock.yaml"])
    #expect(!run.output.contains("hunter2") && !run.errors.contains("hunter2"))
    return run
  }

  @Test func theExample() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(try ExchangeDesk.text("data.sql"))
      let run = try await check(desk, [])
      #expect(run.status == 0, "\(run)")
      #expect(run.output.contains("37 events; 0 lines refused"), "\(run.output)")
      #expect(
        run.output.contains("task_code  11469005MB1A09999     1  (a case without a process)"), "\(run.output)")
      try await desk.upstream("UPDATE up_pro_result SET result_type = '7' WHERE row_guid = 'r1'")
      let refused = try await check(desk, ["--json"])
      #expect(refused.status == 65)
      #expect(refused.output.contains("up_pro_result r1: result_type is"), "\(refused.output)")
      try await desk.upstream("REVOKE SELECT ON up_pro_result FROM bizclock_exchange")
      let barred = try await check(desk, [])
      #expect(barred.status == 69 && barred.errors.contains("GRANT SELECT ON"), "\(barred)")
      #expect(try await check(desk, ["file.csv"]).status == 64)
    }
  }
  /// What `quarantine show` says of a row that is refused, and of one that can be read now.
  @Test func whatToDo() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        ALTER TABLE up_pro_result DROP CONSTRAINT up_pro_result_pkey, ALTER row_guid DROP NOT NULL;
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        VALUES (NULL, 'I', \(ExchangeReaderTests.now), 'C1', '2026-09-14 10:00', '1'),
          ('a', 'I', \(ExchangeReaderTests.now), 'C2', '2026-09-14 10:00', '1')
        """)
      let survey = try await check(desk, [])
      #expect(survey.status == 65 && survey.output.contains("row_guid is missing"), "\(survey)")
      try await desk.read { $0.exchange.results = [:] }
      let nameless = try await program(desk, ["quarantine", "show", "1"])
      #expect(nameless.output.contains("row_guid is missing: have the sender give every row one"), "\(nameless)")
      #expect(nameless.output.contains("unless its row_guid was at fault; then discard it"), "\(nameless)")
      let named = try await program(desk, ["quarantine", "show", "2"])
      #expect(named.output.contains("it can be taken in: bizclock quarantine retry 2"), "\(named)")
    }
  }
}
