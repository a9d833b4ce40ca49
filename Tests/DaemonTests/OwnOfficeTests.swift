import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The guide to promises of one's own: README.md's section is what the files of `deploy/examples/own` hold, and its
/// commands print what it shows.
@Suite struct OwnOfficeTests {
  private static let example = Readme.repository.appending(path: "deploy/examples/own")

  /// A fenced block of the section.
  private struct Block {
    var language: String
    var lines: [String]
  }

  private static func blocks() throws -> [Block] {
    let readme = try String(contentsOf: Readme.repository.appending(path: "README.md"), encoding: .utf8)
    let section = readme.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0 != "## A promise of your own" }.dropFirst().prefix { !$0.hasPrefix("## ") }
    var blocks: [Block] = []
    var open: Block?
    for line in section {
      if line.hasPrefix("```") {
        if let whole = open { blocks.append(whole) }
        open = open == nil ? Block(language: String(line.dropFirst(3)), lines: []) : nil
      } else {
        open?.lines.append(String(line))
      }
    }
    return blocks
  }

  /// Each snippet stands in the policy as it is.
  @Test func itsSnippetsAreThoseOfTheFiles() throws {
    let policy = try String(contentsOf: OwnOfficeTests.example.appending(path: "policy.yaml"), encoding: .utf8)
    let snippets = try OwnOfficeTests.blocks().filter { $0.language == "yaml" }
    #expect(snippets.count == 5)
    for snippet in snippets {
      let text = snippet.lines.joined(separator: "\n")
      #expect(policy.contains("\n\(text)\n"), "\(text)")
    }
  }

  /// A command of the guide, and the lines that it shows.
  private struct Step {
    var command: String
    var shown: [String] = []
  }

  /// The commands from the first one of the program on; those before it make the folder.
  private static func steps() throws -> [Step] {
    var steps: [Step] = []
    for block in try blocks() where block.language == "console" {
      for line in block.lines {
        if line.hasPrefix("$ ") {
          steps.append(Step(command: String(line.dropFirst(2))))
        } else if let last = steps.indices.last {
          // A quote that is still open goes on.
          if steps[last].command.count(where: { $0 == "\"" }).isMultiple(of: 2) {
            steps[last].shown.append(line)
          } else {
            steps[last].command += "\n" + line
          }
        }
      }
    }
    return Array(steps.drop { !$0.command.hasPrefix("bizclock") })
  }

  /// Every line that is shown is printed, in that order; `…` stands for any lines, and at an end for the rest of one.
  private func expect(_ printed: String, shows shown: [String], _ command: String) {
    func trimmed(_ line: some StringProtocol) -> String {
      String(line.reversed().drop { $0 == " " }.reversed())
    }
    var rest = printed.split(separator: "\n", omittingEmptySubsequences: false).map { trimmed($0) }[...]
    for line in shown where line != "…" {
      let isCut = line.hasSuffix("…")
      let wanted = isCut ? trimmed(line.dropLast()) : trimmed(line)
      guard let found = rest.firstIndex(where: { isCut ? $0.hasPrefix(wanted) : $0 == wanted }) else {
        Issue.record("\(command) does not print \(line) there:\n\(printed)")
        return
      }
      rest = rest[(found + 1)...]
    }
  }

  @Test func itsCommandsPrintWhatItShows() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-own-\(UUID().uuidString)")
      try FileManager.default.copyItem(at: OwnOfficeTests.example, to: folder)
      defer { try? FileManager.default.removeItem(at: folder) }
      try FileManager.default.copyItem(
        at: Readme.repository.appending(path: "deploy/calendars"), to: folder.appending(path: "calendars"))

      // A private database is migrated by the first command that it is for; this one is the test's.
      _ = try run("bizclock --config bizclock.yaml migrate", in: folder, conninfo)
      let steps = try OwnOfficeTests.steps()
      #expect(steps.count >= 7)
      for step in steps {
        let command = step.command.replacing(
          "\"host=$BIZCLOCK_STATE_DIRECTORY/postgres/socket user=bizclock dbname=bizclock\"",
          with: "-X \"$BIZCLOCK_DATABASE\"")
        expect(try run(command, in: folder, conninfo), shows: step.shown, step.command)
      }
      #expect(try run("bizclock --config bizclock.yaml verify", in: folder, conninfo).contains("no difference"))
    }
  }

  private func run(_ command: String, in folder: URL, _ conninfo: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    let programs = URL(filePath: DaemonProcess.program).deletingLastPathComponent().path
    process.environment = ProcessInfo.processInfo.environment.merging([
      "PATH": "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
      "BIZCLOCK_DATABASE": conninfo, "LC_ALL": "C.UTF-8", "PSQL_PAGER": "cat",
    ]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let printed = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command)")
    return String(decoding: printed, as: UTF8.self)
  }
}
