import Testing

@testable import Settings

/// The manual pages name every key that the readers take, and no other.
@Suite struct SettingsGuideTests {
  @Test func configurationKeysAreThoseOfTheReaders() {
    let guide = SettingsGuide.configuration
    #expect(keys(guide, "") == ConfigurationReader.keys.sorted())
    #expect(keys(guide, "feeds[]") == FeedReader.keys.sorted())
    #expect(keys(guide, "feeds[].mapping.FIELD") == FeedReader.mappingKeys.sorted())
    #expect(keys(guide, "feeds[].mapping.events[]") == FeedReader.rowEventKeys.sorted())
    #expect(keys(guide, "alerts") == ConfigurationReader.alertKeys.sorted())
    #expect(keys(guide, "http") == ConfigurationReader.httpKeys.sorted())
    #expect(keys(guide, "retention") == ConfigurationReader.retentionKeys.sorted())
    #expect(keys(guide, "feeds[].tasks.CODE") == FeedReader.taskKeys.sorted())
    #expect(keys(guide, "feeds[].steps.NAME") == FeedReader.stepKeys.sorted())
    #expect(guide.sections.count == 9)
    for variable in ConfigurationReader.variables where variable != "BIZCLOCK_CONFIG" {
      #expect(guide.about.contains { $0.contains(variable) }, "\(variable)")
    }
  }

  @Test func policyKeysAreThoseOfTheReaders() {
    let guide = SettingsGuide.policy
    #expect(keys(guide, "") == PolicyReader.keys.sorted())
    #expect(keys(guide, "calendars[]") == CalendarReader.keys.sorted())
    #expect(keys(guide, "calendars[].days[]") == DaysFile.columns.sorted())
    #expect(keys(guide, "calendars[].closures[]") == CalendarReader.closureKeys.sorted())
    #expect(keys(guide, "commitments[]") == CommitmentReader.keys.sorted())
    #expect(keys(guide, "commitments[].start[]") == ScopeReader.eventKeys.sorted())
    #expect(keys(guide, "commitments[].versions[]") == CommitmentReader.versionKeys.sorted())
    #expect(keys(guide, "commitments[].levels.NAME") == CommitmentReader.levelKeys.sorted())
    #expect(keys(guide, "commitments[].applies_to") == ScopeReader.keys.sorted())
    #expect(keys(guide, "commitments[] of kind share") == ShareReader.keys.sorted())
    #expect(guide.sections.count == 10)
  }

  /// The examples can be pasted.
  @Test func itsExamplesAreTaken() throws {
    let configuration = try Configuration.parse(
      SettingsGuide.configuration.example, file: "/etc/bizclock/bizclock.yaml")
    #expect(
      configuration.feeds.map(\.name) == ["e-registration", "office-csv", "office-cases", "hall", "exchange"])
    var documents = try PolicyDocuments.shipped()
    documents.policyText = SettingsGuide.policy.example
    let draft = try PolicyDraft.parse(documents)
    #expect(draft.policy.commitments.map(\.id) == ["opening"])
  }

  private func keys(_ guide: SettingsGuide, _ path: String) -> [String] {
    guide.sections.first { $0.path == path }?.keys.map(\.name).sorted() ?? []
  }
}
