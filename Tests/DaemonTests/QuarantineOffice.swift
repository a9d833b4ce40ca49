import Foundation
import Testing

@testable import Daemon

/// An office whose configuration is corrected between commands.
struct QuarantineOffice: Sendable {
  let folder: OfficeFolder
  var path: String { folder.path }

  /// Hands a body an office with these feeds and a migrated database.
  static func with(_ feeds: [String], _ body: @Sendable (QuarantineOffice) async throws -> Void) async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let office = QuarantineOffice(folder: try OfficeFolder(conninfo: conninfo))
      defer { office.folder.remove() }
      try office.configure(feeds)
      try await body(office)
    }
  }

  /// Writes the configuration with these feeds; `SPOOL` in them is a directory of the office.
  func configure(_ feeds: [String]) throws {
    let list = feeds.map { "  - " + $0.replacing("SPOOL", with: folder.spool) }.joined(separator: "\n")
    try "database: \"\(folder.conninfo)\"\nstate_directory: \(path)/state\nfeeds:\n\(list)\n"
      .write(toFile: path + "/bizclock.yaml", atomically: true, encoding: .utf8)
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }

  func run(_ arguments: [String], input: String = "") async throws -> ProgramRun {
    try await ProgramRun.finished(arguments + ["--config", path + "/bizclock.yaml"], input: input)
  }

  /// What a command prints as JSON.
  func json(_ arguments: [String]) async throws -> [String: Any] {
    let run = try await run(arguments)
    let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try #require(value as? [String: Any], "\(run.output)\(run.errors)")
  }

  /// What a command prints on a terminal of some columns.
  func terminal(_ arguments: [String], columns: Int) async throws -> String {
    let words =
      ["stty", "cols", "\(columns);", DaemonProcess.program] + arguments + ["--config", path + "/bizclock.yaml"]
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/script")
    process.arguments = ["-q", "-e", "-c", words.joined(separator: " "), "/dev/null"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardInput = FileHandle.nullDevice
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    // It is short enough for the pipe to hold.
    return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }

  func rows(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(folder.conninfo, sql) }
}
