import Testing

@testable import Settings

/// Rows of several events, as the configuration writes them.
@Suite struct RowEventTests {
  private static func text(_ mapping: String, _ more: String = "") -> String {
    """
    database: private
    feeds:
      - name: cases
        source: office
        kind: spool
        directory: d
        format: csv
        mapping:
    \(mapping)
    \(more)
    """
  }

  @Test func areRead() throws {
    let configuration = try Configuration.parse(
      RowEventTests.text(
        """
              case_id: 办件编号
              events:
                - { type: accepted, occurred_at: 受理时间 }
                - type: step_completed
                  step: licence
                  occurred_at: 发照时间
        """), file: "/etc/bizclock/bizclock.yaml")
    #expect(
      configuration.feeds.first?.events == [
        RowEvent(type: "accepted", occurredAt: "受理时间"),
        RowEvent(type: "step_completed", step: "licence", occurredAt: "发照时间"),
      ])
    #expect(configuration.feeds.first?.mapping == ["case_id": FieldMapping(column: "办件编号")])
  }

  @Test func wrongOnesAreAllListed() {
    let faults = Reading.faults(
      configuration: RowEventTests.text(
        """
              type: 环节
              event_id: 编号
              events:
                - { typ: accepted, occurred_at: 受理时间 }
                - { type: completed }
                - { type: extended, occurred_at: 延期时间 }
                - { type: accepted, occurred_at: a }
                - { type: accepted, occurred_at: b }
                - accepted
                - { type: [a], occurred_at: "" }
        """, "    defaults: { type: accepted, extend_days: 3 }"))
    #expect(
      faults == [
        "bizclock.yaml:9: feeds[cases].mapping.type: does not go with events, each of which has its own; take it out",
        "bizclock.yaml:10: feeds[cases].mapping.event_id: does not go with events, each of which has its own; take it "
          + "out",
        "bizclock.yaml:12: feeds[cases].mapping.events[1]: has no type; add for example `type: accepted`",
        "bizclock.yaml:12: feeds[cases].mapping.events[1]: unknown key \"typ\"; did you mean \"type\"?",
        "bizclock.yaml:13: feeds[cases].mapping.events[2]: has no occurred_at; add for example `occurred_at: 受理时间`",
        "bizclock.yaml:14: feeds[cases].mapping.events[3].type: extended needs more than a time; give such events rows "
          + "of their own",
        "bizclock.yaml:16: feeds[cases].mapping.events[5]: accepted is named twice; keep one, or give each its step",
        "bizclock.yaml:17: feeds[cases].mapping.events[6]: expected a mapping like { key: value }, found a single value",
        "bizclock.yaml:18: feeds[cases].mapping.events[7].type: expected a single value, found a list",
        "bizclock.yaml:18: feeds[cases].mapping.events[7].occurred_at: is empty; give a value or take the key out",
        "bizclock.yaml:19: feeds[cases].defaults.type: does not go with mapping.events; take it out",
        "bizclock.yaml:19: feeds[cases].defaults.extend_days: does not go with mapping.events; take it out",
      ])
  }

  @Test(arguments: [
    ("[]", "is empty; name the events that a row tells, or map type and occurred_at"),
    ("accepted", "expected a list like [a, b], found a single value"),
    (
      "[" + (0..<33).map { "{ type: t\($0), occurred_at: a }" }.joined(separator: ", ") + "]",
      "has 33 events; a row may tell at most 32"
    ),
  ])
  func lists(_ events: String, _ message: String) {
    #expect(
      Reading.faults(configuration: RowEventTests.text("      case_id: a\n      events: \(events)")) == [
        "bizclock.yaml:10: feeds[cases].mapping.events: \(message)"
      ])
  }

  @Test(arguments: ["auto", "utf-8", "gb18030", "utf-16le", "utf-16be"])
  func encodings(_ name: String) throws {
    let text = RowEventTests.text("      case_id: a", "    encoding: \(name)")
    #expect(try Configuration.parse(text, file: "b.yaml").feeds.first?.encoding.rawValue == name)
  }
}
