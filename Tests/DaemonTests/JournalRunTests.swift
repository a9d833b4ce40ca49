import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The program as systemd starts it: its standard error leads to the journal, so it speaks to the journal's socket.
///
/// Its /run is the test's own, in a mount namespace of its own.
@Suite struct JournalRunTests {
  static let canMount: Bool = {
    guard geteuid() == 0 else { return false }
    let trial = Process()
    trial.executableURL = URL(filePath: "/usr/bin/env")
    trial.arguments = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    trial.standardError = FileHandle.nullDevice
    guard (try? trial.run()) != nil else { return false }
    trial.waitUntilExit()
    return trial.terminationStatus == 0
  }()

  /// What keeps it from starting is an error in the journal, each line of it.
  @Test func aFaultAtTheStartIsAnError() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "start-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, errors) = (folder.appending(path: "bizclock.yaml"), folder.appending(path: "stderr"))
    try Data("database: private\nfeeds: []\ncolour: red\nshape: round\n".utf8).write(to: file)
    try Data().write(to: errors)
    var status = stat()
    try #require(stat(errors.path, &status) == 0)
    let process = Process()
    process.executableURL = URL(filePath: DaemonProcess.program)
    process.arguments = ["run", "--config", file.path]
    process.environment = ProcessInfo.processInfo.environment
      .merging(["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]) { $1 }
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 78)
    let lines = try String(contentsOf: errors, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("<3>\(file.path):") }, "\(lines)")
  }

  @Test(.enabled(if: canMount, "no mount namespace of one's own"))
  func underSystemdTheLogIsTheJournals() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = try OfficeFolder(conninfo: conninfo)
      defer { folder.remove() }
      try await folder.migrate()
      let run = folder.path + "/run"
      try FileManager.default.createDirectory(
        atPath: run + "/systemd/journal", withIntermediateDirectories: true)
      let journal = try JournalReceiver(path: run + "/systemd/journal/socket")
      let errors = URL(filePath: folder.path + "/stderr")
      try Data().write(to: errors)
      var status = stat()
      try #require(stat(errors.path, &status) == 0)

      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [
        "unshare", "--mount", "--propagation", "private", "sh", "-c",
        "mount --bind \"$1\" /run && exec \"$2\" run --config \"$3\"", "sh", run, DaemonProcess.program,
        folder.path + "/bizclock.yaml",
      ]
      process.environment = ProcessInfo.processInfo.environment.merging([
        "JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"
      ]) { $1 }
      process.standardError = try FileHandle(forWritingTo: errors)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

      let ready = try JournalRunTests.record("ready", journal)
      #expect(ready["MESSAGE_ID"] == ["9f1d93e27fc5406bbc6d783c8487a1d6"])
      #expect(ready["SYSLOG_IDENTIFIER"] == ["bizclock"])
      #expect(ready["PRIORITY"] == ["6"])
      kill(process.processIdentifier, SIGTERM)
      let stopping = try JournalRunTests.record("stopping", journal)
      #expect(stopping["MESSAGE"] == ["bizclock has stopped."])
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(try String(contentsOf: errors, encoding: .utf8) == "")
    }
  }

  /// Waits for the record of an event.
  private static func record(_ event: String, _ journal: JournalReceiver) throws -> [String: [String]] {
    while journal.wait(atMost: 60_000) {
      for datagram in journal.all() where datagram.quickValue("BIZCLOCK_EVENT") == event {
        return try datagram.fields()
      }
    }
    Issue.record("\(event) was not in the journal")
    return [:]
  }
}
