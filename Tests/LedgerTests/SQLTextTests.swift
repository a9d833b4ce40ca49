import Foundation
import Testing

/// SQL is never built from data: values go as `$n`, and what is put into a statement's text is a constant of the code.
@Suite struct SQLTextTests {
  /// What may be put into SQL, by file: lists of columns and clauses that are constants there; names that can only be
  /// literals (StaticString); and of the demo, the one thing that takes no parameter, a time that it wrote itself.
  private static let allowed: [String: Set<String>] = [
    "Alerts.swift": ["columns", "joined", "table"], "Appender.swift": ["EventRows.columns", "Schema.newestThere"],
    "CasePages.swift": ["EventRows.columns"],
    "CaseReader.swift": [
      "AlertRows.columns", "CaseRows.columns", "ClockRows.columns", "EventRows.columns", "columns",
    ],
    "CasePage.swift": [
      "AlertRows.columns", "CaseRows.columns", "ClockRows.columns", "EventRows.columns", "selection.condition",
    ],
    "Connection.swift": ["+ calls.joined", "channel"],
    "DeltaWriter.swift": [
      "AlertHistory.columns", "AlertHistory.former", "CaseRows.columns", "ClockRows.columns",
      "ClockRows.movedColumns", "sets", "used.joined(separator: \", \")",
    ],
    // Sentences for the administrator of an exchange database.
    "ExchangeLayout.swift": ["quoted", "reader", "table.rawValue"],
    // Of an exchange database: the schema, quoted; columns, types and clauses of constants and of its catalog's names,
    // quoted; keys and the row_guid are parameters.
    "ExchangeQuery.swift": [
      "conditions.joined(separator: \" AND \")", "distinct", "limit", "operation", "ordering",
      "quoted(layout.schema)", "quoted(table.rawValue)", "shown.joined(separator: \", \")", "ties",
    ],
    "Appender+Exchange.swift": ["EventRows.columns"], "ExchangeRegister.swift": ["locking"],
    "Rules.swift": ["columns"], "Rules+Then.swift": ["columns"],
    "DemoReport.swift": ["now.rfc3339(in: .utc)"], "EventRows.swift": ["columns"], "Leadership.swift": ["lock"],
    "HeldProjector.swift": ["through"], "Rules+Change.swift": ["HeldProjector.through"],
    "MetricReader.swift": ["MetricWriter.columns"], "MetricWriter.swift": ["columns"],
    "OnTimeReport+Read.swift": ["group(dimensions)"], "PrivateCluster.swift": ["PrivateCluster.name"],
    "Projector+Levels.swift": ["Projector.isWanted", "Projector.paging"],
    "Projector+Raising.swift": [
      "AlertHistory.columns", "AlertHistory.former", "StalledFeeds.sources", "inOrder", "isWanted", "lines",
      "paging", "raised",
    ],
    "Projector.swift": ["EventRows.columns"],
    "Quarantine+Settling.swift": ["Selection.condition", "columns"],
    "Quarantine.swift": ["EventRows.columns", "Selection.condition", "columns"],
    "ServiceFigures.swift": ["FeedRegister.isKnown", "Outbox.unlogged"],
    "ServiceStatus.swift": ["FeedRegister.isKnown", "Outbox.unlogged", "daemons"],
    "FeedRegister.swift": ["ServiceStatus.daemons", "isServed"], "StalledFeeds.swift": ["FeedRegister.isServed"],
    "Outbox.swift": ["waits"],
    "Schema.swift": ["newestThere"], "Session.swift": ["name", "+ mode"], "ShareCells.swift": ["columns"],
    "StaleSessions.swift": ["locks"],
    "TouchedCases.swift": ["TouchedCases.clocksSince", "TouchedCases.pageSize", "clocksSince"],
    "UnrecordedAlerts.swift": ["AlertHistory.columns", "AlertHistory.former"],
    // A sentence for the administrator, with a number.
    "WaitWatch.swift": ["pid"],
  ]

  private static var verbs: Regex<Substring> {
    /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY|TRUNCATE|CREATE|ALTER|DROP|GRANT|LISTEN|NOTIFY|JOIN|ORDER BY|VALUES|BEGIN|SAVEPOINT)\b/
  }

  /// What is put into the SQL texts of a source file, and what is added to them by `+`.
  static func interpolations(_ source: String) -> [String] {
    var found: [String] = []
    func look(_ text: Substring) {
      guard text.firstMatch(of: verbs) != nil else { return }
      for match in text.matches(of: /\\\(((?:[^()]|\([^()]*\))*)\)/) { found.append(String(match.1)) }
    }
    for match in source.matches(of: /"""\n((?:.|\n)*?)"""/) { look(match.1) }
    let plain = source.replacing(/"""\n(?:.|\n)*?"""/, with: "nil")
    for match in plain.matches(
      of: /"((?:\\\((?:[^()]|\([^()]*\))*\)|\\.|[^"\\\n])*)"(?:\s*\+\s*([A-Za-z_][A-Za-z0-9_.]*))?/)
    {
      look(match.1)
      if let name = match.2, match.1.firstMatch(of: verbs) != nil { found.append("+ \(name)") }
    }
    return found
  }

  @Test func onlyConstantsArePutIntoSQL() throws {
    let sources = Repository.root.appending(path: "Sources")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var looked = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      let found = SQLTextTests.interpolations(try String(contentsOf: file, encoding: .utf8))
      let name = file.lastPathComponent
      looked += found.count
      for text in Set(found).subtracting(SQLTextTests.allowed[name] ?? []).sorted() {
        Issue.record("\(name): \(text) is put into SQL; give it as $n, or name it here if it is a constant")
      }
    }
    #expect(looked > 40)
  }

  @Test(arguments: [
    (#"x("SELECT \(a) FROM t WHERE b = '\(c.d(e))'")"#, ["a", "c.d(e)"]),
    (#"x("DELETE FROM t WHERE a = " + name)"#, ["+ name"]),
    ("x(\"\"\"\n  SELECT 1\n  FROM \\(t)\n  \"\"\")", ["t"]), (#"x("no sql \(a)")"#, []),
    (#"x("UPDATE t SET a = $1", [.text(b)])"#, []),
  ]) func whatItFinds(_ source: String, _ found: [String]) { #expect(SQLTextTests.interpolations(source) == found) }
}
