import Daemon
import Ledger
import ServiceTime

extension Moves {
  /// One line on what was moved.
  var words: String {
    "in force: \(cases) cases judged again, \(clocks) clocks changed, \(verdicts) verdicts restated, "
      + "\(alerts) alerts recorded, amended or withdrawn"
      + (settled > 0 ? ", \(settled) provisional due times settled" : "")
  }

  /// Tables for people; empty where nothing moves.
  var text: String {
    var parts: [String] = []
    if !commitments.isEmpty {
      var table = TextTable(
        [
          "commitment", "open", "finished", "due earlier", "later", "settled", "provisional", "alerts added",
          "amended",
          "withdrawn",
        ], right: Set(1...9))
      for (id, one) in commitments.sorted(by: { $0.key < $1.key }) {
        table.add(
          [id]
            + [
              one.open, one.finished, one.earlier, one.later, one.settled, one.unsettled, one.alerts.added,
              one.alerts.amended, one.alerts.withdrawn,
            ].map(String.init))
      }
      parts.append(table.text)
    }
    let changed = verdictRows
    let restated = commitments.filter { $0.value.restated > 0 }.sorted { $0.key < $1.key }
    if !changed.isEmpty || !restated.isEmpty {
      var table = TextTable(["commitment", "verdicts", "clocks"], right: [2])
      for (id, move, count) in changed { table.add([id, Moves.words(move), String(count)]) }
      for (id, one) in restated { table.add([id, "the same, other due time or measures", String(one.restated)]) }
      parts.append(table.text)
    }
    if !shares.isEmpty {
      var table = TextTable(["share", "periods", "alerts added", "amended", "withdrawn"], right: Set(1...4))
      for (id, one) in shares.sorted(by: { $0.key < $1.key }) {
        table.add(
          [id] + [one.periods, one.alerts.added, one.alerts.amended, one.alerts.withdrawn].map(String.init))
      }
      parts.append(table.text)
    }
    return parts.joined(separator: "\n\n")
  }

  private var verdictRows: [(String, VerdictMove, Int)] {
    commitments.sorted { $0.key < $1.key }.flatMap { id, one in
      one.verdicts.map { (id, $0.key, $0.value) }.sorted { Moves.words($0.1) < Moves.words($1.1) }
    }
  }

  private static func words(_ move: VerdictMove) -> String {
    "\(move.from?.rawValue ?? "none") → \(move.to?.rawValue ?? "none")"
  }

  /// Members of an object for programs.
  var json: [(String, JSONText)] {
    func alerts(_ alerts: Alerts) -> JSONText {
      .object([
        ("added", JSONText(alerts.added)), ("amended", JSONText(alerts.amended)),
        ("withdrawn", JSONText(alerts.withdrawn)),
      ])
    }
    return [
      ("cases", JSONText(cases)), ("clocks", JSONText(clocks)), ("verdicts", JSONText(verdicts)),
      ("changed_verdicts", JSONText(changedVerdicts)), ("settled", JSONText(settled)),
      (
        "commitments",
        .array(
          commitments.sorted { $0.key < $1.key }.map { id, one in
            .object([
              ("commitment", .text(id)), ("open", JSONText(one.open)), ("finished", JSONText(one.finished)),
              ("earlier", JSONText(one.earlier)), ("later", JSONText(one.later)),
              ("known_or_not", JSONText(one.knownOrNot)), ("settled", JSONText(one.settled)),
              ("provisional", JSONText(one.unsettled)), ("restated", JSONText(one.restated)),
              (
                "verdicts",
                .array(
                  verdictRows.filter { $0.0 == id }.map {
                    .object([
                      ("from", JSONText($0.1.from?.rawValue)), ("to", JSONText($0.1.to?.rawValue)),
                      ("clocks", JSONText($0.2)),
                    ])
                  })
              ),
              ("alerts", alerts(one.alerts)),
            ])
          })
      ),
      (
        "shares",
        .array(
          shares.sorted { $0.key < $1.key }.map { id, one in
            .object([
              ("share", .text(id)), ("periods", JSONText(one.periods)), ("alerts", alerts(one.alerts)),
            ])
          })
      ),
    ]
  }
}
