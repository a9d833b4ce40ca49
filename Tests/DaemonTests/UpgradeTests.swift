import Foundation
import LibPQ
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
    func upgrade(_ options: [String]) async throws -> (status: Int32, words: String) {
      let process = Process()
      process.executableURL = script.standardizedFileURL
      process.arguments = options + [folder + "/postgres"]
      let output = folder + "/upgrade.out"
      _ = FileManager.default.createFile(atPath: output, contents: nil)
      process.standardOutput = FileHandle(forWritingAtPath: output)
      process.standardError = FileHandle(forWritingAtPath: output)
      try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in done.resume() }
        do { try process.run() } catch { done.resume(throwing: error) }
      }
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
    let verified = try await bizclock("verify")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    #expect(
      try await bizclock("report", "--from", "2026-01-01", "--to", "2026-12-31", "--format", "csv").output == before
    )
  }
}
