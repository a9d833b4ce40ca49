import Foundation

/// The built program, or another, run to its end.
struct ProgramRun {
  var status: Int32
  var output: String
  var errors: String

  /// Runs a command; `input` is its standard input.
  init(
    program: String = DaemonProcess.program, _ arguments: [String], input: String = "",
    environment: [String: String] = [:]
  ) throws {
    let files = try Files(input)
    defer { files.remove() }
    let process = files.process(program, arguments, environment)
    try process.run()
    process.waitUntilExit()
    self = try files.result(process)
  }

  /// As above, without holding up a thread that the tests beside it need.
  static func finished(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) async throws -> ProgramRun {
    let files = try Files(input)
    defer { files.remove() }
    let process = files.process(DaemonProcess.program, arguments, environment)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    return try files.result(process)
  }

  private init(status: Int32, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }

  /// Where the program reads from and writes to.
  private struct Files {
    let name = FileManager.default.temporaryDirectory.appending(path: "bizclock-run-\(UUID().uuidString)").path

    init(_ input: String) throws {
      try input.write(toFile: name + ".in", atomically: false, encoding: .utf8)
      for end in ["out", "err"] { _ = FileManager.default.createFile(atPath: "\(name).\(end)", contents: nil) }
    }

    func remove() {
      for end in ["in", "out", "err"] { try? FileManager.default.removeItem(atPath: "\(name).\(end)") }
    }

    func process(_ program: String, _ arguments: [String], _ environment: [String: String]) -> Process {
      let process = Process()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardInput = FileHandle(forReadingAtPath: name + ".in")
      process.standardOutput = FileHandle(forWritingAtPath: name + ".out")
      process.standardError = FileHandle(forWritingAtPath: name + ".err")
      return process
    }

    func result(_ process: Process) throws -> ProgramRun {
      // To the byte: reading a file as a string drops a byte order mark.
      ProgramRun(
        status: process.terminationStatus,
        output: String(decoding: try Data(contentsOf: URL(filePath: name + ".out")), as: UTF8.self),
        errors: try String(contentsOfFile: name + ".err", encoding: .utf8))
    }
  }
}
