import ArgumentParser
import Foundation

/// Load and blows at random instants on the built program, and the proof that nothing was lost or told twice.
@main
struct Torture: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "torture",
    abstract: "Torture the built program: load, kills, freezes, a full disk, and everything compared afterwards.",
    discussion: """
      Each round hands files over while daemons, sessions and the server are killed and frozen at random instants; \
      then it waits until all is quiet, and compares the ledger, the quarantine, the alerts and the log with what was \
      handed over. The first round that finds a difference ends the run with status 1 and keeps its folder.
      """)

  @Option(help: "How many rounds.") var rounds = 5
  @Option(help: "What the load and the blows are made from; another at each run if left out.") var seed: UInt64?
  @Option(help: "Only this round of the seed, on an empty database.") var round: Int?
  @Option(help: "The program.") var program: String
  @Flag(help: "Keep the folder though all is well.") var keep = false

  func validate() throws {
    guard rounds > 0, (round ?? 1) > 0 else { throw ValidationError("Rounds are counted from 1.") }
    guard access(program, X_OK) == 0 else { throw ValidationError("\(program) is not a program; build it first.") }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let seed = seed ?? UInt64.random(in: 1...999_999)
    let run = try Run(seed: seed, program: program)
    do {
      let failed = try await go(run, seed)
      await run.close(keeping: failed || keep)
      if failed || keep { Screen.line("kept: \(run.path)") }
      if failed { throw ExitCode(1) }
    } catch let error as ExitCode {
      throw error
    } catch {
      await run.close(keeping: true)
      Screen.line("kept: \(run.path)")
      throw error
    }
  }

  /// Runs the rounds; true if one of them found a difference.
  private func go(_ run: Run, _ seed: UInt64) async throws -> Bool {
    let reloads = try await run.begin()
    Screen.line(
      "torture: seed \(seed), \(run.hasDisk ? "on a file system of its own" : "disk full: skipped, it needs root"), "
        + (reloads ? "reload by SIGHUP" : "reload: this program ignores SIGHUP, a restart stands for it"))
    let begun = ContinuousClock.now
    var position: Int64 = 0
    var settled: Int64 = 0
    var blows = 0
    let numbers = round.map { $0...$0 } ?? 1...rounds
    for number in numbers {
      let summary = try await run.round(number, reloads: reloads).run(after: position)
      position = summary.position
      settled = summary.settled
      blows += summary.done.count
      let found = run.findings.list
      guard found.isEmpty else {
        tell(run, number, summary.log)
        return true
      }
      Screen.line(
        "round \(number): \(Torture.grouped(summary.events)) events, \(summary.done.count) disturbances "
          + "(\(Torture.named(summary.done))), \(Torture.grouped(summary.alerts)) alerts, verify clean, "
          + Torture.seconds(summary.time))
    }
    try await run.finish(settled: settled)
    guard run.findings.list.isEmpty else {
      tell(run, numbers.upperBound, ["(the end of the run)"])
      return true
    }
    let alerts = run.book.alerts.values
    let peak = run.daemons.map(\.peak)
    Screen.line(
      "clean: seed \(seed), \(numbers.count) rounds in \(Torture.seconds(ContinuousClock.now - begun)): "
        + "\(Torture.grouped(run.truth.eventCount)) events, \(Torture.grouped(run.truth.bad.count)) bad lines, "
        + "\(Torture.grouped(alerts.count)) alerts logged (\(alerts.count { $0.raised > 1 }) of them again), "
        + "\(blows) disturbances, \(run.watcher.epoch) elections, \(run.daemons.map(\.starts).reduce(0, +)) daemons "
        + "started, at most \((peak.map(\.kilobytes).max() ?? 0) / 1_000) MB and "
        + "\(peak.map(\.descriptors).max() ?? 0) descriptors each")
    return false
  }

  private func tell(_ run: Run, _ number: Int, _ log: [String]) {
    Screen.line("round \(number) of seed \(run.seed) FAILED")
    Screen.line("what was done, in seconds of the round:")
    for line in log { Screen.line("  \(line)") }
    Screen.line("what is wrong:")
    for finding in run.findings.list.prefix(30) { Screen.line("  \(finding)") }
    if run.findings.list.count > 30 { Screen.line("  and \(run.findings.list.count - 30) more") }
    for daemon in run.daemons {
      Screen.line("the last lines of daemon \(daemon.name) (all: \(run.path)/log/\(daemon.name).log):")
      for line in run.book.lastLines(of: daemon.name).suffix(6) { Screen.line("  \(line.prefix(400))") }
    }
    Screen.line("to repeat it as nearly as timing allows: deploy/torture --seed \(run.seed) --round \(number)")
  }

  private static func named(_ done: [Disturbance]) -> String {
    var counts: [(Disturbance, Int)] = []
    for one in done {
      if let index = counts.firstIndex(where: { $0.0 == one }) {
        counts[index].1 += 1
      } else {
        counts.append((one, 1))
      }
    }
    return counts.map { $0.1 > 1 ? "\($0.1) × \($0.0.rawValue)" : $0.0.rawValue }.joined(separator: ", ")
  }

  private static func grouped(_ number: Int) -> String {
    String(number).reversed().enumerated().reduce(into: "") { text, digit in
      if digit.offset > 0, digit.offset % 3 == 0 { text = "," + text }
      text = String(digit.element) + text
    }
  }

  private static func seconds(_ time: Duration) -> String {
    let tenths = Int((time / .milliseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
