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
      than 60 dates, stretches on which nothing happened are one line. A verdict that changed has a line for each \
      that was believed before, from when until when, and why it changed. The names of individuals are shown only if \
      the configuration says so.

      --as-of folds the events that were in the ledger by then, by the rules in force then; alerts and verdicts are \
      those recorded by then.
      """)

  @OptionGroup var globals: GlobalOptions
  @Argument(help: ArgumentHelp("The case's number.", valueName: "case")) var caseID: String
  @Option(help: ArgumentHelp("Only these clocks: COMMITMENT or COMMITMENT/ROUND.", valueName: "clock"))
  var clock: String?
  @Option(help: ArgumentHelp("The case as it was known then, RFC 3339.", valueName: "time")) var asOf: String?
  @Option(help: "en or zh.") var lang = Language.en
  @Flag(help: "Print JSON.") var json = false

  func validate() throws { _ = try selection() }

  func run() async throws {
    let (caseID, selection, asOf) = (caseID, try selection(), asOf)
    let explanation = try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> CaseExplanation in
        guard var (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        var now = try OnTimeReport.now(&session)
        if let asOf {
          now = try ReportCommand.time(asOf, "--as-of", now: now, rulebook.officeZone)
          guard let then = try RuleLoader.past(now, &session).rulebook else {
            throw CommandFailure.missing("No rules were in force at \(now.rfc3339(in: rulebook.officeZone)).")
          }
          rulebook = then
        }
        guard
          let report = try CaseReport.read(
            caseID, rulebook, asOf: now, knownAt: asOf == nil ? nil : now, on: &session)
        else {
          throw CommandFailure.missing(
            asOf == nil
              ? "The ledger has no event of the case \(Terminal.safe(caseID))."
              : "The ledger had no event of the case \(Terminal.safe(caseID)) by then.")
        }
        return CaseExplanation(caseID: caseID, report: report, rulebook: rulebook, now: now, only: selection)
      }
      await connection.close()
      return result
    }
    if let selection, explanation.clocks.isEmpty, explanation.orphans.isEmpty,
      explanation.formerBeliefs.isEmpty
    {
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
