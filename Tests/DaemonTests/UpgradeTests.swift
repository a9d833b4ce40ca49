import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// The way of a private database to another major version, rehearsed on the one that is installed.
@Suite(.alone) struct UpgradeTests {
  @Test func theScriptBringsEverythingOver() async throws {
    let folder = "/tmp/bizclock-upgrade-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o711)
    let cluster = try PrivateCluster(directory: folder + "/postgres")
    defer {
      try? cluster.stop(fast: false)
      try? FileManager.default.removeItem(atPath: folder)
    }
    func bizclock(_ arguments: String...) async throws -> ProgramRun {
      try await Task.detached {
        try await ProgramRun.finished(
          arguments,
          environment: ["BIZCLOCK_DATABASE": "private", "BIZCLOCK_STATE_DIRECTORY": folder, "BIZCLOCK_CONFIG": ""])
      }.value
    }
    #expect(try await bizclock("migrate").status == 0)
    let load = try Load(seed: 98, files: 1)
    let file = folder + "/load.ndjson"
    try Data(load.files[0].bytes).write(to: URL(filePath: file))
    // One line of it is bad.
    #expect(try await bizclock("ingest", file).status == 65)
    let before = try await bizclock("report", "--from", "2026-01-01", "--to", "2026-12-31", "--format", "csv")
      .output

    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../deploy/upgrade-private-database")
    func upgrade(
      _ options: [String], programs: String? = nil, whileItRuns: (pid_t) async throws -> Void = { _ in }
    ) async throws -> (status: Int32, words: String) {
      let process = Process()
      process.executableURL = script.standardizedFileURL
      process.arguments = options + [folder + "/postgres"] + (programs.map { [$0] } ?? [])
      let output = folder + "/upgrade.out"
      _ = FileManager.default.createFile(atPath: output, contents: nil)
      let file = FileHandle(forWritingAtPath: output)
      (process.standardOutput, process.standardError) = (file, file)
      let (ended, end) = AsyncStream.makeStream(of: Void.self)
      process.terminationHandler = { _ in end.finish() }
      try process.run()
      try await whileItRuns(process.processIdentifier)
      for await _ in ended {}
      return (process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }
    let running = try await upgrade(["--rehearse"])
    #expect(running.status == 1 && running.words.contains("stop bizclock first"), "\(running.words)")
    try cluster.stop()
    let same = try await upgrade([])
    #expect(same.status == 1 && same.words.contains("nothing to upgrade to"), "\(same.words)")
    let done = try await upgrade(["--rehearse"])
    #expect(done.status == 0, "\(done.words)")
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder + "/postgres")
    #expect(kept.contains { $0.hasPrefix("data.old-") })
    let again = try await upgrade(["--rehearse"])
    #expect(again.status == 1 && again.words.contains("is there already"), "\(again.words)")
    func expectEverything() async throws {
      let verified = try await bizclock("verify")
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
      #expect(
        try await bizclock("report", "--from", "2026-01-01", "--to", "2026-12-31", "--format", "csv").output
          == before)
    }
    try await expectEverything()

    // Once more, and ended while it makes the planner's statistics: by then all is done.
    try cluster.stop()
    let former = try #require(kept.first { $0.hasPrefix("data.old-") })
    try FileManager.default.removeItem(atPath: "\(folder)/postgres/\(former)")
    let (programs, mark) = (folder + "/bin", folder + "/postgres/mark")
    try UpgradeTests.programs(
      in: programs, vacuumdb: "echo $$ >\(mark).new; mv \(mark).new \(mark); exec sleep 600")
    let ended = try await upgrade(["--rehearse"], programs: programs) { process in
      try await TestDeadline.within(TestDeadline.patience, "the statistics") {
        while !FileManager.default.fileExists(atPath: mark) { try await Task.sleep(for: .milliseconds(20)) }
      }
      kill(process, SIGTERM)
      if let child = pid_t(try String(contentsOfFile: mark, encoding: .utf8).split(separator: "\n")[0]) {
        kill(child, SIGTERM)
      }
    }
    #expect(ended.status == 130 && ended.words.contains("start bizclock"), "\(ended.words)")
    try #require(ServerProcesses.all(data: folder + "/postgres/data") == [])
    try await expectEverything()

    // As a power cut between its two renamings leaves it.
    try cluster.stop()
    try FileManager.default.removeItem(atPath: "\(folder)/postgres/data")
    let cut = try await upgrade(["--rehearse"])
    #expect(cut.status == 1 && cut.words.contains("bring it back: mv "), "\(cut.words)")
  }

  /// A folder with the server's programs, of which one is a script.
  private static func programs(in folder: String, vacuumdb: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let there = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
      .compactMap { Int($0) }.max()
    let real = "/usr/lib/postgresql/\(try #require(there))/bin"
    for name in try FileManager.default.contentsOfDirectory(atPath: real) where name != "vacuumdb" {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(name)", withDestinationPath: "\(real)/\(name)")
    }
    let text = """
      #!/bin/sh
      # pg_upgrade needs it, too.
      case "$*" in *--analyze-only*) ;; *) exec \(real)/vacuumdb "$@" ;; esac
      \(vacuumdb)

      """
    try text.write(toFile: folder + "/vacuumdb", atomically: false, encoding: .utf8)
    chmod(folder + "/vacuumdb", 0o755)
  }
}
