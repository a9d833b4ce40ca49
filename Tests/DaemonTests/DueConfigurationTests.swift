import Foundation
import Testing

@testable import Daemon

/// By which policy `due` reckons: a wrong configuration is none of the shipped policy's business.
@Suite struct DueConfigurationTests {
  private static let question = ["due", "--commitment", "opening", "--start", "2026-09-18T10:00"]
  /// What the machine's own configuration is called in a mount namespace of the test's own.
  private static let file = "/etc/bizclock/bizclock.yaml"

  @Test func aWrongConfigurationIsAnError() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/bizclock.yaml"
    func check(_ words: String) throws {
      for run in [
        try ProgramRun(DueConfigurationTests.question + ["--config", file]),
        try ProgramRun(DueConfigurationTests.question, environment: ["BIZCLOCK_CONFIG": file]),
      ] {
        #expect(run.status == 78 && run.output.isEmpty && run.errors.contains(words), "\(run.errors)")
      }
    }
    try check("\(file): cannot be read: No such file or directory")
    try "database: private\npolicies: x\n".write(toFile: file, atomically: true, encoding: .utf8)
    try check("\(file):2: unknown key")
    try "database: private\npolicy: none.yaml\n".write(toFile: file, atomically: true, encoding: .utf8)
    try check("\(folder)/none.yaml")
  }

  /// The machine's own configuration, which nobody named.
  @Test(.enabled(if: DueConfigurationTests.canMount))
  func theMachinesConfiguration() throws {
    let file = DueConfigurationTests.file
    // There is none.
    let none = try DueConfigurationTests.run("true")
    #expect(none.status == 0 && none.errors.isEmpty && none.output.contains("due    2026-09-21"), "\(none.errors)")
    // It is not this user's.
    let denied = try DueConfigurationTests.run("echo 'database: private' >\(file) && chmod 600 \(file)")
    #expect(denied.status == 0 && denied.output == none.output)
    #expect(denied.errors.hasPrefix("\(file): cannot be read: Permission denied; without it"))
    // It is, and is wrong.
    let wrong = try DueConfigurationTests.run("echo 'databse: private' >\(file) && chmod 644 \(file)")
    #expect(wrong.status == 78 && wrong.output.isEmpty && wrong.errors.contains("databse"), "\(wrong.errors)")
    // It names another policy.
    let other = try DueConfigurationTests.run(
      "printf 'database: private\\npolicy: none.yaml\\n' >\(file) && chmod 644 \(file)")
    #expect(other.status == 78 && other.errors.contains("/etc/bizclock/none.yaml"), "\(other.errors)")
  }

  /// Asks as nobody, on a machine of whose /etc there is only what some words of a shell put there.
  private static func run(_ words: String) throws -> ProgramRun {
    let script = """
      mount -t tmpfs tmpfs /etc && mkdir /etc/bizclock && \(words) &&
      exec \(Nobody.words) "$@"
      """
    return try ProgramRun(
      program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, "sh", DaemonProcess.program] + question)
  }

  private static var canMount: Bool {
    guard Nobody.canRun else { return false }
    let mount = try? ProgramRun(program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount -t tmpfs tmpfs /etc"])
    return mount?.status == 0
  }
}
