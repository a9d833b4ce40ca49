import Foundation
import Synchronization

/// Runs commands of the program to their ends, while things crash around them.
final class Commands: Sendable {
  /// What came of a command.
  struct Result: Sendable {
    var status: Int32
    var output: String
  }

  private let program: String
  private let folder: String
  private let findings: Findings
  private let state = Mutex<(count: Int, running: [pid_t: Bool])>((0, [:]))

  private let turns = Mutex<[Disturbance: Int]>([:])

  /// Commands whose output goes to files of a folder.
  init(program: String, folder: String, findings: Findings) {
    self.program = program
    self.folder = folder
    self.findings = findings
  }

  /// 1, then 0, and so on: so that what is applied differs from what is in force.
  func turn(_ what: Disturbance) -> Int {
    turns.withLock { turns in
      turns[what, default: 0] += 1
      return (turns[what] ?? 0) % 2
    }
  }

  /// Runs a command; one that takes longer than `limit` is a finding, and ended.
  func run(_ arguments: [String], limit: Duration = .seconds(120)) async -> Result {
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let path = "\(folder)/\(number).out"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { close(file) }
    do {
      let pid = try Child.start([program] + arguments, output: file, errors: file)
      // Found there by whoever clears up should this program be killed.
      let pidFile = "\(folder)/../pids/\(number)"
      try? "\(pid)".write(toFile: pidFile, atomically: false, encoding: .utf8)
      let isIngest = arguments.first == "ingest"
      state.withLock { $0.running[pid] = isIngest }
      let timer = Task {
        try await Task.sleep(for: limit)
        findings.add("after \(limit) this command was not over: \(arguments.joined(separator: " "))")
        kill(pid, SIGKILL)
      }
      let status = await Child.aside { Child.wait(pid) }
      timer.cancel()
      state.withLock { $0.running[pid] = nil }
      unlink(pidFile)
      let output = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      if status == 0 { unlink(path) }
      return Result(status: status, output: output)
    } catch {
      findings.add("\(error)")
      return Result(status: -1, output: "\(error)")
    }
  }

  /// Kills whatever still runs.
  func abandon() { for pid in state.withLock({ $0.running.keys.sorted() }) { kill(pid, SIGKILL) } }

  /// Kills whatever loads files now; says whether there was anything.
  func killIngest() -> Bool {
    let pids = state.withLock { $0.running.filter(\.value).map(\.key) }
    for pid in pids { kill(pid, SIGKILL) }
    return !pids.isEmpty
  }
}
