import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Repairs what `verify` names.
struct RebuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Repair the cases and sums that verify finds to differ.",
    discussion: """
      Verifies, folds the cases that differ again from the ledger, sets their sums right, and verifies once more. One \
      transaction; events go on being taken in meanwhile and are projected afterwards. What was shown and wrong is \
      kept in the history. Exit status 1 if a difference is left.
      """)

  @OptionGroup var globals: GlobalOptions
  @Flag(help: "Print JSON.") var json = false

  private struct Result: Sendable {
    var found: Int
    var outcome: Rebuilder.Outcome
    var left: Verifier.Report
  }

  func run() async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
    let connection = try await installation.database.connect(.administer)
    let result = try await connection.run { session -> Result in
      guard let (inForce, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
      let report = try Verifier.verify(rulebook, over: inForce, on: &session)
      guard report.differenceCount > 0 else { return Result(found: 0, outcome: Rebuilder.Outcome(), left: report) }
      Terminal.note("\(report.differenceCount) differences; repairing")
      let outcome = try Rebuilder.repair(
        report, rulebook, over: inForce, retrospectiveAfter: retrospectiveAfter, now: SystemClock().now,
        on: &session)
      return Result(
        found: report.differenceCount, outcome: outcome,
        left: try Verifier.verify(rulebook, over: inForce, on: &session))
    }
    await connection.close()
    print(result)
    if result.left.differenceCount > 0 { throw ExitCode(1) }
  }

  private func print(_ result: Result) {
    let refolded = result.outcome.refolded
    if json {
      Terminal.print(
        JSONText.object([
          ("differences", JSONText(result.found)), ("cases", JSONText(refolded.cases)),
          ("clocks", JSONText(refolded.clocks)), ("verdicts", JSONText(refolded.verdicts)),
          ("alerts", JSONText(refolded.alerts)), ("strays", JSONText(result.outcome.strays)),
          ("cells", JSONText(result.outcome.cells)),
          ("share_cells", JSONText(result.outcome.shareCells)), ("left", JSONText(result.left.differenceCount)),
        ]).description)
      return
    }
    guard result.found > 0 else {
      Terminal.print("nothing to repair: \(result.left.events) events, \(result.left.cases) cases verified")
      return
    }
    Terminal.print(
      "repaired \(refolded.cases) cases: \(refolded.clocks) clocks, \(refolded.verdicts) verdicts, "
        + "\(refolded.alerts) alerts; \(result.outcome.cells) metric cells and "
        + "\(result.outcome.shareCells) cells of shares set right; "
        + "\(result.outcome.strays) cases without events taken away")
    for difference in result.left.differences.prefix(50) {
      Terminal.print(Terminal.safe("left: \(difference.subject) \(difference.row): \(difference.what)"))
    }
    Terminal.print(
      result.left.differenceCount == 0
        ? "verified again: no difference" : "verified again: \(result.left.differenceCount) differences are left")
  }
}
