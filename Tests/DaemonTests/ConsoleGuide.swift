import Foundation
import Testing

/// Sections of a page in which commands stand with what they print.
struct ConsoleGuide {
  /// A fenced block.
  struct Block {
    var language: String
    var lines: [String]
  }

  /// A command, and the lines of its output that are shown.
  private struct Step {
    var command: String
    var shown: [String] = []
  }

  let blocks: [Block]

  /// The sections of a page under some headings of the second order.
  init(_ page: URL, sections: [String]) throws {
    var blocks: [Block] = []
    var open: Block?
    var isMeant = false
    let text = try String(contentsOf: page, encoding: .utf8)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let whole = open { blocks.append(whole) }
        open = open == nil && isMeant ? Block(language: String(line.dropFirst(3)), lines: []) : nil
      } else if open != nil {
        open?.lines.append(String(line))
      } else if line.hasPrefix("## ") {
        isMeant = sections.contains(String(line.dropFirst(3)))
      }
    }
    self.blocks = blocks
  }

  /// The commands from the first one of the program on; those before it make the folder.
  private var steps: [Step] {
    var steps: [Step] = []
    for block in blocks where block.language == "console" {
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

  /// Runs the commands in a folder on an empty database, and expects them to print what is shown; gives how many there
  /// are.
  func expect(in folder: URL, on conninfo: String) throws -> Int {
    // A private database is migrated by the first command that it is for; this one is the test's.
    _ = try ConsoleGuide.run("bizclock --config bizclock.yaml migrate", in: folder, conninfo)
    for step in steps {
      let command = step.command.replacing(
        "\"host=$BIZCLOCK_STATE_DIRECTORY/postgres/socket user=bizclock dbname=bizclock\"",
        with: "-X \"$BIZCLOCK_DATABASE\"")
      ConsoleGuide.expect(try ConsoleGuide.run(command, in: folder, conninfo), shows: step.shown, step.command)
    }
    return steps.count
  }

  /// Every line that is shown is printed, in that order; `…` stands for any lines, and at an end for the rest of one.
  private static func expect(_ printed: String, shows shown: [String], _ command: String) {
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

  /// What a command prints; it must succeed.
  static func run(_ command: String, in folder: URL, _ conninfo: String) throws -> String {
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
