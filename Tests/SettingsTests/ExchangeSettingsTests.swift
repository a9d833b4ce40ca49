import Testing

@testable import Settings

/// A feed that reads an exchange database.
@Suite struct ExchangeSettingsTests {
  private func parsed(_ more: String) throws -> FeedSettings {
    let text = """
      database: private
      feeds:
        - { name: x, source: y, kind: exchange, time_zone: Asia/Shanghai, database: "service=exchange"\(more) }
      """
    return try #require(try Configuration.parse(text, file: "bizclock.yaml").feeds.first)
  }

  @Test func whatIsLeftOut() throws {
    let feed = try parsed("")
    #expect(feed.schema == "public" && !feed.openIfEqual && feed.database == .conninfo("service=exchange"))
    #expect(feed.exchange == ExchangeSettings(poll: 30_000_000, overlap: 600_000_000, compareAt: 9_000_000_000))
  }

  @Test func whatIsSaid() throws {
    let feed = try parsed(
      """
      , poll: 5s, overlap: 1h, compare_at: "23:05", tasks: { T1: opening, T2: { process: opening, step: seal } },
          steps: { 公章: seal, 异议: { start: objection_raised } }, results: { "1": completed }, mapping: { region: area }
      """)
    #expect(
      feed.exchange
        == ExchangeSettings(
          poll: 5_000_000, overlap: 3_600_000_000, compareAt: 83_100_000_000,
          tasks: ["T1": .init(process: "opening"), "T2": .init(process: "opening", step: "seal")],
          steps: [
            "公章": .init(step: "seal", start: "step_started", end: "step_completed"),
            "异议": .init(start: "objection_raised"),
          ], results: ["1": "completed"]))
    #expect(feed.mapping == ["region": FieldMapping(column: "area")])
  }

  @Test(arguments: [
    (", poll: 0s", "feeds[x].poll: 0s is not from 1s to 24h"),
    (", overlap: 25h", "feeds[x].overlap: 25h is not from 1s to 24h"),
    (", compare_at: 2am", "feeds[x].compare_at: \"2am\" is not a time of day; write for example \"02:30\""),
    (", compare_at: \"24:00\"", "feeds[x].compare_at: \"24:00\" is not a time of day; write for example \"02:30\""),
    (", tasks: { T: { step: a } }", "feeds[x].tasks.T: has no process; add for example `process: opening`"),
    (", steps: { S: { step: a } }", "feeds[x].steps.S: names neither start nor end; write the types"),
    (", results: { 1: voided }", "feeds[x].results.1: voided needs more than a time;"),
    (", mapping: { case_id: a }", "feeds[x].mapping.case_id: does not come from a column of an exchange database;"),
    (", format: csv", "feeds[x].format: is not for kind exchange; take it out, or change the kind"),
  ]) func faults(_ more: String, _ expected: String) {
    let text =
      "database: private\nfeeds: [{ name: x, source: y, kind: exchange, time_zone: UTC, database: \"service=e\"\(more) }]"
    let faults = Reading.faults(configuration: text)
    #expect(faults.count == 1 && faults.first?.contains(expected) == true, "\(faults)")
  }

  /// Two of one source would take each other's rows for rewritten.
  @Test func oneSourceEach() {
    let text = """
      database: private
      feeds:
        - { name: a, source: y, kind: exchange, time_zone: UTC, database: "service=a" }
        - { name: b, source: y, kind: exchange, time_zone: UTC, database: "service=b" }
      """
    #expect(
      Reading.faults(configuration: text) == [
        "bizclock.yaml:4: feeds[b]: the exchange feed a has the source y already; give each its own"
      ])
  }
}
