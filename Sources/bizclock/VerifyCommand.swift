import ArgumentParser
import Daemon
import Ledger

/// Proves the projections against the ledger.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Fold the whole ledger again and compare every projection with that.",
    discussion: "Exit status 1 if anything differs. Ingest may go on meanwhile.")

  @OptionGroup var globals: GlobalOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let progress = ProgressLine()
    let report = try await globals.withDatabase { database in
      // Two at work: what each folds is its own, and the server reads for one while the other folds.
      let (first, second) = (try await database.connect(.administer), try await database.connect(.administer))
      let (inForce, rulebook) = try await first.run { session in
        guard let rules = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        return rules
      }
      let report = try await Verifier.verify(rulebook, over: inForce, on: first, and: second) {
        progress.show($0, of: $1, "events folded")
      }
      await first.close()
      await second.close()
      return report
    }
    progress.end()
    if json {
      Terminal.print(
        JSONText.object([
          ("events", JSONText(report.events)), ("cases", JSONText(report.cases)),
          ("clocks", JSONText(report.clocks)),
          ("alerts", JSONText(report.alerts)), ("cells", JSONText(report.cells)),
          ("share_cells", JSONText(report.shareCells)),
          ("differences", JSONText(report.differenceCount)),
          (
            "first",
            .array(
              report.differences.prefix(100).map {
                .object([("subject", .text($0.subject)), ("row", .text($0.row)), ("what", .text($0.what))])
              })
          ),
        ]).description)
    } else {
      for difference in report.differences.prefix(50) {
        Terminal.print(Terminal.safe("\(difference.subject) \(difference.row): \(difference.what)"))
      }
      Terminal.print(
        "verified \(report.events) events, \(report.cases) cases, \(report.clocks) clocks, \(report.alerts) alerts, "
          + "\(report.cells) metric cells, \(report.shareCells) cells of shares: "
          + (report.differenceCount == 0 ? "no difference" : "\(report.differenceCount) differences"))
    }
    if report.differenceCount > 0 { throw ExitCode(1) }
  }
}
