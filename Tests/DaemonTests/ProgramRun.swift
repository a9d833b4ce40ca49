import Foundation

/// The built program run to its end.
struct ProgramRun {
  var status: Int32
  var output: String
  var errors: String

  /// Runs a command; `input` is its standard input.
  init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws {
    let process = Process()
    process.executableURL = URL(filePath: DaemonProcess.program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let name = FileManager.default.temporaryDirectory.appending(path: "bizclock-run-\(UUID().uuidString)").path
    defer { for end in ["in", "out", "err"] { try? FileManager.default.removeItem(atPath: "\(name).\(end)") } }
    try input.write(toFile: name + ".in", atomically: false, encoding: .utf8)
    for end in ["out", "err"] { _ = FileManager.default.createFile(atPath: "\(name).\(end)", contents: nil) }
    process.standardInput = FileHandle(forReadingAtPath: name + ".in")
    process.standardOutput = FileHandle(forWritingAtPath: name + ".out")
    process.standardError = FileHandle(forWritingAtPath: name + ".err")
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    // To the byte: reading a file as a string drops a byte order mark.
    output = String(decoding: try Data(contentsOf: URL(filePath: name + ".out")), as: UTF8.self)
    errors = try String(contentsOfFile: name + ".err", encoding: .utf8)
  }
}
