import Ledger
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// Rules that are asked for again are not compiled again; others are.
@Suite struct CompiledRulesTests {
  @Test func theSameDocumentsGiveTheSameRulebook() throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rules = CompiledRules()
    var made: [String] = []
    func ask(_ policy: String, _ calendar: String, file: String = "") throws -> WorkCalendar? {
      let rulebook = try rules.rulebook(
        policy: RuleDocument(text: policy, files: [:]), calendar: RuleDocument(text: calendar, files: ["f": file])
      ) { () throws -> Rulebook in
        made.append(policy + calendar + file)
        return try RuleLoader.compile(draft.policy, draft.calendars)
      }
      return rulebook.calendars["cn"]
    }
    let first = try ask("p", "c")
    #expect(try ask("p", "c") === first)
    #expect(try ask("p", "c", file: "x") !== first)
    // Asked for lately, it is kept; the others take each other's place.
    #expect(try ask("p", "c") === first)
    #expect(try ask("q", "c") !== first)
    #expect(try ask("p", "c") === first)
    #expect(try ask("p", "c", file: "x") !== first)
    #expect(made == ["pc", "pcx", "qc", "pcx"])
    // What cannot be made is not kept.
    struct Fault: Error {}
    for _ in 0..<2 {
      #expect(throws: Fault.self) {
        try rules.rulebook(
          policy: RuleDocument(text: "bad", files: [:]), calendar: RuleDocument(text: "", files: [:])
        ) { throw Fault() }
      }
    }
    #expect(try ask("p", "c") === first)
  }
}
