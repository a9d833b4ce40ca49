import Foundation

/// A program of the machine that a test runs to its end.
struct ProgramOutput {
  var status: Int32
  var output: Data
  var errors: String

  /// Whether there is such a program.
  static func isThere(_ path: String) -> Bool { access(path, X_OK) == 0 }

  /// Runs a program and reads what it writes.
  static func of(_ arguments: [String], environment: [String: String] = [:]) throws -> ProgramOutput {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files, not pipes: a program that another test starts meanwhile may hold the end of a pipe open.
    let files = FileManager.default.temporaryDirectory.appending(path: "output-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: files) }
    let (output, errors) = (files.appending(path: "output"), files.appending(path: "errors"))
    for file in [output, errors] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return ProgramOutput(
      status: process.terminationStatus, output: try Data(contentsOf: output),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}
