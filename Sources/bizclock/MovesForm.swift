import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// How what a change of rules moves is printed.
struct MovesForm: ParsableArguments {
  @Flag(help: "List the cases too, each as soon as it is found.") var cases = false
  @Flag(help: "Print JSON; with --cases one object a line, the sum last.") var json = false

  /// Prints a case, if cases are asked for.
  func show(_ move: CaseMove, _ rulebook: Rulebook) {
    guard cases else { return }
    if json {
      Terminal.print(MovesForm.json(move, rulebook).description)
    } else {
      for line in MovesForm.lines(move, rulebook) { Terminal.print(Terminal.safe(line)) }
    }
  }

  /// Prints what the draft says otherwise, first; for programs the sum tells it.
  func show(_ changes: [DraftChange]) {
    if !json { Terminal.print("the draft changes \(changes.words)") }
  }

  /// Prints the sum.
  func show(_ preview: Rules.Preview, _ changes: [DraftChange]) {
    let moves = preview.moves
    guard !json else {
      var members = moves.json
      members.append(("changes", MovesForm.json(changes)))
      members.append(("token", .text(preview.token)))
      return _ = Terminal.print(JSONText.object(members).description)
    }
    if moves.isEmpty {
      Terminal.print("nothing would move (\(moves.cases) cases judged again)")
    } else {
      Terminal.print("would move, of \(moves.cases) cases judged again:\n\n\(moves.text)")
    }
    Terminal.print("token \(preview.token)")
  }

  /// Says that the rules are in force already.
  func showNothing() {
    Terminal.print(
      json
        ? JSONText.object(Moves().json + [("changes", MovesForm.json([]))]).description
        : "already in force: nothing would move")
  }

  private static func json(_ changes: [DraftChange]) -> JSONText {
    .array(
      changes.map {
        .object([
          ("kind", .text($0.kind.rawValue)), ("name", .text($0.name)), ("change", .text($0.how.rawValue)),
        ])
      })
  }

  // MARK: - A case

  private static func lines(_ move: CaseMove, _ rulebook: Rulebook) -> [String] {
    move.clocks.map { clock in
      let zone = rulebook.zone(ofCalendar: clock.calendar)
      func side(_ side: CaseMove.Side?) -> String {
        guard let side else { return "none" }
        return (side.verdict?.rawValue ?? side.state.rawValue)
          + (side.dueAt.map { " due \($0.rfc3339(in: zone))" } ?? "") + (side.provisional ? " provisional" : "")
      }
      return "\(move.caseID) \(clock.commitment)/\(clock.round): \(side(clock.from)) → \(side(clock.to))"
    }
      + move.alerts.map { "\(move.caseID) alert \($0.change.rawValue): \($0.id)" }
  }

  private static func json(_ move: CaseMove, _ rulebook: Rulebook) -> JSONText {
    .object([
      ("case_id", .text(move.caseID)),
      (
        "clocks",
        .array(
          move.clocks.map { clock in
            let zone = rulebook.zone(ofCalendar: clock.calendar)
            func side(_ side: CaseMove.Side?) -> JSONText {
              guard let side else { return .null }
              return .object([
                ("state", .text(side.state.rawValue)), ("due_at", JSONText(side.dueAt?.rfc3339(in: zone))),
                ("verdict", JSONText(side.verdict?.rawValue)), ("provisional", .bool(side.provisional)),
              ])
            }
            return .object([
              ("commitment", .text(clock.commitment)), ("round", JSONText(clock.round)), ("from", side(clock.from)),
              ("to", side(clock.to)), ("restated", .bool(clock.isRestated)),
            ])
          })
      ),
      (
        "alerts",
        .array(
          move.alerts.map {
            .object([
              ("alert_id", .text($0.id.description)), ("change", .text($0.change.rawValue)),
              ("level_at", .text($0.levelAt.description)),
            ])
          })
      ),
    ])
  }
}

extension Rulebook {
  fileprivate func zone(ofCalendar id: String) -> TimeZoneTable { calendars[id]?.zone ?? .utc }
}

extension Rules.Applied {
  /// Prints what was moved, or says why nothing was applied: status 64 without `--restate`, 75 if something else would
  /// move than what was shown.
  func report() throws {
    guard let refusal else {
      Terminal.print(moves.words)
      if !moves.isEmpty { Terminal.print("\n" + moves.text) }
      return
    }
    Terminal.note("would move:\n\n\(moves.text)\n")
    switch refusal {
    case .restates:
      throw CommandFailure(
        description:
          "\(moves.changedVerdicts) verdicts of finished clocks would become others: nothing was changed. "
          + "Look at them with diff --cases or --dry-run, and repeat with --restate.", status: 64)
    case .differs:
      throw CommandFailure(
        description:
          "Something else would move now than what diff showed: nothing was changed. Run diff again, and "
          + "apply with its token.", status: 75)
    }
  }
}
