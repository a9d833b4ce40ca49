import Foundation
import Journal
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon
@testable import Ledger

/// The daemon tells of a draft that is not what is in force, by what it says: promises and calendars.
@Suite struct PolicyDraftNoticeTests {
  /// What a daemon that starts now would tell.
  private static func told(_ office: DraftOffice) async throws -> [String] {
    let log = MemorySink()
    let notice = PolicyDraftNotice(
      database: DatabaseSource(conninfo: office.folder.conninfo), clock: SystemClock(), log: log)
    let configuration = try Configuration.load(office.folder.path + "/bizclock.yaml", environment: [:])
    if let draft = notice.draft(of: configuration) { try await notice.tell(draft) }
    #expect(log.records.allSatisfy { $0.priority == .warning || $0.event == .policyDiffers })
    return log.records.map { String($0.message) }
  }

  private static func differs(_ office: DraftOffice, _ changes: String) -> String {
    "The policy draft \(office.draft) is not what is in force: it changes \(changes); "
      + "see: bizclock policy diff \(office.draft)."
  }

  @Test func itIsSilentOnceEitherCommandHasAppliedWhatDiffers() async throws {
    try await DraftOffice.with { office in
      let told = PolicyDraftNoticeTests.told
      let differs = PolicyDraftNoticeTests.differs
      #expect(try await told(office) == [])
      try office.write(try office.text() + "\n# A remark.\n")
      #expect(try await told(office) == [])

      try office.edit(#"hours: ["08:30-12:00", "14:30-17:30"]"#, #"hours: ["08:30-12:00", "13:30-16:30"]"#)
      #expect(try await told(office) == [differs(office, "the calendar cn")])
      #expect(try await office.run("calendar", "apply", office.draft, "--reason", "hours").status == 0)
      #expect(try await told(office) == [])

      let days = office.folder.path + "/cn.csv"
      try (String(contentsOfFile: days, encoding: .utf8) + "2026-12-25,holiday,local\n").write(
        toFile: days, atomically: true, encoding: .utf8)
      try office.edit("limit: 2 working_days", "limit: 3 working_days")
      #expect(try await told(office) == [differs(office, "opening and the calendar cn")])
      // The promise is left.
      #expect(try await office.run("calendar", "apply", office.draft, "--reason", "a day").status == 0)
      #expect(try await told(office) == [differs(office, "opening")])
      _ = try await office.apply("--reason", "a limit")
      #expect(try await told(office) == [])

      // A closure that is declared is no part of the draft; a region's name is.
      let declared = try await office.run(
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "台风停工", "--reason", "typhoon")
      #expect(declared.status == 0, "\(declared.errors)")
      #expect(try await told(office) == [])
      try "code,name,name_en\n469005999001,新社区,\n".write(
        toFile: office.folder.path + "/more.csv", atomically: true, encoding: .utf8)
      try office.edit("regions: [cn-46.csv]", "regions: [cn-46.csv, more.csv]")
      #expect(try await told(office) == [differs(office, "regions")])
      _ = try await office.apply("--reason", "a community")
      #expect(try await told(office) == [])
      #expect(try await office.rules().last == "policy a community")
    }
  }

  /// A draft with faults is no draft: what is wrong is told, in a line of bounded length.
  @Test func aDraftWithFaultsIsToldWithThem() async throws {
    try await DraftOffice.with { office in
      try office.edit("limit: 2 working_days", "limit: 2 workingdays")
      let told = try await PolicyDraftNoticeTests.told(office)
      #expect(told.count == 1)
      let head =
        "The policy draft cannot be used, what is in force stays; see: bizclock policy check. \(office.draft):"
      #expect(told.first?.hasPrefix(head) == true, "\(told)")
      #expect(told.first?.contains("unknown unit \"workingdays\"") == true, "\(told)")
    }
  }

  /// Everything that a draft can say otherwise has a name.
  @Test func whatChangesIsNamed() throws {
    let shipped = try PolicyDocuments.shipped()
    let document = RuleDocument(shipped)
    let inForce = Rules.InForce(policyID: 1, policy: document, calendarID: 2, calendar: document)
    let draft = try PolicyDraft.parse(shipped)
    #expect(try inForce.changes(by: draft) == [])
    func words(_ edit: (inout PolicyDraft) -> Void) throws -> String {
      var other = draft
      edit(&other)
      return try inForce.changes(by: other).words
    }
    #expect(try words { $0.policy.commitments.removeFirst() } == "opening (gone)")
    #expect(try words { $0.policy.commitments.reverse() } == "commitments")
    #expect(try words { $0.policy.shares[0].title = [:] } == "online_tax")
    #expect(try words { $0.policy.reportTags = [] } == "report_tags")
    #expect(try words { $0.policy.regions.removeLast() } == "regions")
    #expect(try words { $0.calendars[0].publishedUntil = nil } == "the calendar cn")
    let layers = (1...25).map { CalendarDefinition(id: "layer\($0)", base: "cn") }
    let many = try words { $0.calendars += layers }
    #expect(many.hasPrefix("the calendars layer1 (new), layer2 (new), "))
    #expect(many.hasSuffix(", layer20 (new), …"))
  }
}
