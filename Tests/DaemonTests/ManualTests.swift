import Foundation
import Testing

/// The manual pages that the program prints.
@Suite struct ManualTests {
  static let pages = ["bizclock.1", "bizclock.yaml.5", "bizclock-policy.5"]

  static let groff = "/usr/bin/groff"

  @Test(arguments: pages) func isPrinted(_ page: String) throws {
    let printed = try ProgramRun(["manual", page])
    #expect(printed.status == 0 && printed.errors.isEmpty)
    #expect(printed.output.hasPrefix(".TH \(page.dropLast(2).uppercased().replacing("-", with: "\\-")) "))
  }

  /// groff takes them without a word.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: groff), "groff is not installed"), arguments: pages)
  func groffTakesIt(_ page: String) throws {
    let printed = try ProgramRun(["manual", page])
    let process = Process()
    process.executableURL = URL(filePath: ManualTests.groff)
    process.arguments = ["-man", "-Tutf8", "-Kutf8", "-ww"]
    let input = Pipe()
    let errors = Pipe()
    let output = FileManager.default.temporaryDirectory.appending(path: "manual-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: output) }
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = errors
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(printed.output.utf8))
    try input.fileHandleForWriting.close()
    let complaints = try errors.fileHandleForReading.readToEnd().map { String(decoding: $0, as: UTF8.self) } ?? ""
    process.waitUntilExit()
    #expect(complaints.isEmpty && process.terminationStatus == 0, "\(complaints)")
    let text = try String(contentsOf: output, encoding: .utf8)
    if page == "bizclock.1" {
      #expect(text.contains("promises its citizens a time"))
    } else {
      #expect(text.contains("国庆节") || text.contains("办件编号"))
    }
  }

  /// bizclock(1) has a section for every command of the program.
  @Test func everyCommandHasItsSection() throws {
    let page = try ProgramRun(["manual", "bizclock.1"]).output
    let commands = try ProgramCommands.read()
    #expect(commands.count > 10)
    for path in commands.keys where !path.isEmpty {
      let title = ".SS \"bizclock \(path)".replacing("-", with: "\\-")
      #expect(page.contains(title + " ") || page.contains(title + "\""), "\(path)")
      for option in commands[path] ?? []
      where option != option.uppercased() && !["h", "help", "version", "config"].contains(option) {
        #expect(page.contains("\\-\\-\(option.replacing("-", with: "\\-"))"), "\(path) --\(option)")
      }
    }
  }
}
