import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Explains a case: why its due dates are what they are.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract:
      "Explain a case: its events, and for each clock day by day what counted and why, its levels and alerts.",
    discussion: """
      Each clock has a line for every date, with the law or the calendar behind it and what happened on it; of more \
      than 60 dates, stretches on which nothing happened are one line. The names of individuals are shown only if \
      the configuration says so.
      """)

  @OptionGroup var globals: GlobalOptions
  @Argument(help: ArgumentHelp("The case's number.", valueName: "case")) var caseID: String
  @Option(help: ArgumentHelp("Only these clocks: COMMITMENT or COMMITMENT/ROUND.", valueName: "clock"))
  var clock: String?
  @Option(help: "en or zh.") var lang = Language.en
  @Flag(help: "Print JSON.") var json = false

  func validate() throws { _ = try selection() }

  func run() async throws {
    let (caseID, selection) = (caseID, try selection())
    let explanation = try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> CaseExplanation in
        guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        let now = try OnTimeReport.now(&session)
        guard let report = try CaseReport.read(caseID, rulebook, asOf: now, on: &session) else {
          throw CommandFailure.missing("The ledger has no event of the case \(Terminal.safe(caseID)).")
        }
        return CaseExplanation(caseID: caseID, report: report, rulebook: rulebook, now: now, only: selection)
      }
      await connection.close()
      return result
    }
    if let selection, explanation.clocks.isEmpty, explanation.orphans.isEmpty {
      let known = explanation.report.clocks.map { "\($0.commitment)/\($0.round)" }.joined(separator: ", ")
      let asked = selection.commitment + (selection.round.map { "/\($0)" } ?? "")
      throw CommandFailure.missing(
        "The case has no clock \(Terminal.safe(asked)); it has \(known.isEmpty ? "none" : Terminal.safe(known)).")
    }
    Terminal.print(json ? explanation.json(lang).description : ExplanationText(explanation, lang).text)
  }

  private func selection() throws -> CaseExplanation.Selection? {
    guard let clock else { return nil }
    guard let selection = CaseExplanation.Selection(clock) else {
      throw ValidationError("--clock \(clock) is not a clock; write for example opening or opening/2.")
    }
    return selection
  }
}
