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
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory.appending(path: "errors-\(UUID().uuidString)")
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return ProgramOutput(
      status: process.terminationStatus, output: data, errors: try String(contentsOf: errors, encoding: .utf8))
  }
}
