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
    let report = try await globals.withDatabase { database in
      let connection = try await database.connect(.administer)
      let report = try await connection.run { session -> Verifier.Report in
        guard let (inForce, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        return try Verifier.verify(rulebook, over: inForce, on: &session)
      }
      await connection.close()
      return report
    }
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
