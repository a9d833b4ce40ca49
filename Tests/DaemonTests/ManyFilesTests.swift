import Foundation
import TestSupport
import Testing

@testable import Daemon

/// `ingest` of many files.
@Suite struct ManyFilesTests {
  /// More than a process may have open.
  @Test func anyNumberOfFilesIsLoaded() async throws {
    try await with { office in
      let files = (1...120).map { "\(office.path)/\($0).ndjson" }
      for (number, file) in files.enumerated() { try ManyFilesTests.put("C\(number)", to: file) }
      let run = try ProgramRun(
        program: "/bin/sh",
        ["-c", "ulimit -n 64 && exec \"$@\"", "sh", DaemonProcess.program, "ingest"] + files
          + ["--config", office.path + "/bizclock.yaml"])
      #expect(run.status == 0 && run.output == "read 120 new 120 duplicate 0 quarantined 0\n", "\(run.errors)")
    }
  }

  /// All are looked at before the first is read.
  @Test func aFileThatIsNotThereIsToldBeforeAnythingIsRead() async throws {
    try await with { office in
      let (there, missing) = (office.path + "/a.ndjson", office.path + "/b.ndjson")
      try ManyFilesTests.put("C1", to: there)
      let run = try ProgramRun(["ingest", there, missing, "--config", office.path + "/bizclock.yaml"])
      #expect(run.status == 74)
      #expect(run.errors.contains("\(missing) cannot be opened: No such file or directory."), "\(run.errors)")
      #expect(try await TestQuery.rows(office.conninfo, "SELECT count(*)::text FROM bizclock.event") == [["0"]])
    }
  }

  /// One that goes between the look and its turn is told; what came before it is in.
  @Test func aFileThatVanishesIsTold() async throws {
    try await with { office in
      let (pipe, gone) = (office.path + "/pipe", office.path + "/gone.ndjson")
      #expect(mkfifo(pipe, 0o600) == 0)
      try ManyFilesTests.put("C2", to: gone)
      async let run = ProgramRun.finished(["ingest", pipe, gone, "--config", office.path + "/bizclock.yaml"])
      // Once the pipe has a reader, both have been looked at.
      try await TestDeadline.within(TestDeadline.patience, "the reader") {
        let descriptor = try await ManyFilesTests.opened(pipe)
        #expect(unlink(gone) == 0)
        let line = Array((DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00") + "\n").utf8)
        #expect(write(descriptor, line, line.count) == line.count)
        close(descriptor)
      }
      let told = try await run
      #expect(told.status == 74)
      #expect(
        told.errors.contains("What came before \(gone) is taken in") && told.errors.contains("No such file"),
        "\(told.errors)")
      #expect(try await TestQuery.rows(office.conninfo, "SELECT case_id FROM bizclock.event") == [["C1"]])
    }
  }

  /// A pipe opened for writing, once somebody reads it.
  private static func opened(_ pipe: String) async throws -> Int32 {
    while true {
      let descriptor = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  private static func put(_ caseID: String, to file: String) throws {
    try (DaemonTestBase.event(caseID, "accepted", "2026-09-14T07:59:00+08:00") + "\n")
      .write(toFile: file, atomically: false, encoding: .utf8)
  }

  private func with(_ body: @Sendable (OfficeFolder) async throws -> Void) async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await body(office)
    }
  }
}
