import Testing

@testable import Settings

/// What is wrong with a policy: all of it at once, with lines, and every refusal that the design asks for.
@Suite struct PolicyFaultTests {
  @Test func aWrongPolicyListsEverything() {
    let text = """
      calendars:
        - { id: cn, time_zone: Asia/Shangai, week: mon-fry, hours: ["12:00-08:30"], days: [cn.csv] }
        - { id: Cn2, base: cn }
        - { id: layer, base: ch, regions: [46900x, "46", "46"] }
        - id: bare
      report_tags: [a, a]
      comitments: []
      commitments:
        - id: opening
          process: opening
          strat: [accepted]
          stop: [completed, completed]
          calendar: bn
          versions:
            - { from: 2019-02-30, limit: 2 workdays }
            - { from: 2019-01-01, limit: 7 calendar_days, floor: 8 calendar_days }
            - { from: 2018-01-01, limit: 0 calendar_days, day_end: noon, grace: -8h, roll_forward: maybe }
          levels:
            yellow: { at: -8 calendar_days, priority: loud }
            Red: { at: due }
        - id: opening
          process: opening
          start: [accepted, "step_completed:tax"]
          stop: [accepted, step_completed]
          cancel: ["accepted:licence"]
          pause: [[suspended, suspended], [a]]
          reopen: [rejected]
          calendar: layer
          versions: []
        - { id: share, kind: shares }
        - { id: tax, kind: share, process: opening, population: [], counted: {}, target: 90, period: week }
      """
    let cn =
      "date,kind,name\n2026-01-01,holliday,x\n2026-01-02,holiday,x\n2026-01-02,holiday,y\n2026-13-01,holiday,z\n"
    #expect(
      Reading.faults(policy: text, files: ["cn.csv": cn]) == [
        "policy.yaml:2: calendars[cn].time_zone: unknown time zone \"Asia/Shangai\"; check its spelling, or install the "
          + "package tzdata",
        "policy.yaml:2: calendars[cn].week: unknown day \"fry\"; did you mean \"fri\"? (as in mon-fri or mon,wed)",
        "policy.yaml:2: calendars[cn].hours[1]: 12:00-08:30 ends before it begins",
        "policy.yaml:3: calendars[Cn2].id: \"Cn2\" is not an id; use a-z, 0-9 and _, at most 64",
        "policy.yaml:4: calendars[layer].base: unknown calendar \"ch\"; did you mean \"cn\"?",
        "policy.yaml:4: calendars[layer].regions[1]: \"46900x\" is not a region; write 1 to 12 digits, for example "
          + "\"469005\"",
        "policy.yaml:4: calendars[layer].regions[3]: 46 is named twice; keep one",
        "policy.yaml:5: calendars[bare].id: the calendar has no time_zone; add `time_zone: Asia/Shanghai`, or a base",
        "policy.yaml:5: calendars[bare].id: the calendar has no week; add `week: mon-fri`, or a base",
        "policy.yaml:5: calendars[bare].id: the calendar has no hours; add `hours: [\"08:30-12:00\", "
          + "\"14:30-17:30\"]`, or a base",
        "policy.yaml:6: report_tags[2]: \"a\" is named twice; keep one",
        "policy.yaml:7: unknown key \"comitments\"; did you mean \"commitments\"?",
        "policy.yaml:9: commitments[opening]: has no start; add for example `start: [accepted]`",
        "policy.yaml:11: commitments[opening]: unknown key \"strat\"; did you mean \"start\"?",
        "policy.yaml:12: commitments[opening].stop[2]: completed is named twice; keep one",
        "policy.yaml:13: commitments[opening].calendar: unknown calendar \"bn\"; did you mean \"cn\"?",
        "policy.yaml:15: commitments[opening].versions[2019-02-30].from: \"2019-02-30\" is not a date; write "
          + "YYYY-MM-DD",
        "policy.yaml:15: commitments[opening].versions[2019-02-30].limit: unknown unit \"workdays\"; use one of: "
          + "working_days, calendar_days, working_hours",
        "policy.yaml:16: commitments[opening].versions[2019-01-01].floor: the floor 8 calendar_days is above the limit "
          + "7 calendar_days; no stop could be right",
        "policy.yaml:17: commitments[opening].versions[2018-01-01].from: 2018-01-01 comes after 2019-01-01; list "
          + "versions by date, the earliest first",
        "policy.yaml:17: commitments[opening].versions[2018-01-01].limit: 0 calendar_days is no limit; write at least "
          + "1, or 0 working_days for the same day",
        "policy.yaml:17: commitments[opening].versions[2018-01-01].day_end: unknown value \"noon\"; use one of: close, "
          + "midnight",
        "policy.yaml:17: commitments[opening].versions[2018-01-01].grace: \"-8h\" is negative; write a span like 8h or "
          + "0h30m",
        "policy.yaml:17: commitments[opening].versions[2018-01-01].roll_forward: \"maybe\" is neither true nor false",
        "policy.yaml:19: commitments[opening].levels.yellow.at: -8 calendar_days is before the start: the limit from "
          + "2019-01-01 is 7 calendar_days; write a smaller number",
        "policy.yaml:19: commitments[opening].levels.yellow.priority: unknown value \"loud\"; use one of: emergency, "
          + "alert, critical, error, warning, notice, info, debug",
        "policy.yaml:20: commitments[opening].levels.Red: \"Red\" is not a level's name; use a-z, 0-9 and _, at most "
          + "64",
        "policy.yaml:21: commitments[opening].id: the id opening is already used on line 9; choose another",
        "policy.yaml:24: commitments[opening].stop[1]: accepted both starts and stops the clock; take it out of one",
        "policy.yaml:24: commitments[opening].stop[2]: step_completed:tax (start) and step_completed are one event, "
          + "which both starts and stops the clock; take it out of one",
        "policy.yaml:25: commitments[opening].cancel[1]: accepted (start) and accepted:licence are one event, which "
          + "both starts and cancels the clock; take it out of one",
        "policy.yaml:26: commitments[opening].pause[1]: suspended would begin and end the same pause; name two events",
        "policy.yaml:26: commitments[opening].pause[2]: a pause is a pair of events, for example [suspended, resumed]",
        "policy.yaml:27: commitments[opening].reopen[1]: rejected does not stop this clock; name types that are under "
          + "stop",
        "policy.yaml:29: commitments[opening].versions: names no version; add one, for example [{ from: 2019-01-01, "
          + "limit: 2 working_days }]",
        "policy.yaml:30: commitments[share].kind: unknown value \"shares\"; did you mean \"share\"?",
        "policy.yaml:31: commitments[tax].population: names no event; add one",
        "policy.yaml:31: commitments[tax].counted: names nothing, so everything would count; name a channel, region, "
          + "entity_type or tags",
        "policy.yaml:31: commitments[tax].target: 90 is not between 0 and 1; write 0.90 for 90%",
        "policy.yaml:31: commitments[tax].period: unknown value \"week\"; use one of: month, quarter, year",
        "cn.csv:2: kind: unknown kind \"holliday\"; did you mean \"holiday\"?",
        "cn.csv:4: date: 2026-01-02 is already listed on line 3; keep one",
        "cn.csv:5: date: \"2026-13-01\" is not a date from 1970 to 2110; write YYYY-MM-DD",
      ])
  }

  /// Refusals of single values; the fault is on line 10, or on that of the version.
  @Test(arguments: [
    (
      "levels: { a: { at: -3 working_days } }",
      "-3 working_days is before the start: the limit from 2019-01-01 is 2 working_days; write a smaller number"
    ),
    (
      "levels: { a: { at: 1 working_days } }",
      "\"1 working_days\" has no sign; write -1 working_days for before the due time, +1 working_days for after it"
    ),
    ("levels: { a: { at: -0 working_days } }", "\"-0 working_days\" is the due time; write due"),
    (
      "levels: { a: { at: -1 calendar_days } }",
      "calendar_days is not the unit of the limit from 2019-01-01 (2 working_days); use its unit, plain time like -4h, or 90%"
    ),
    (
      "levels: { a: { at: -4 working_hours } }",
      "working_hours is not the unit of the limit from 2019-01-01 (2 working_days); use its unit, plain time like -4h, or 90%"
    ),
    ("levels: { a: { at: 100.01% } }", "\"100.01%\" is not a share from 0% to 100% with at most two decimals"),
    ("levels: { a: { at: 1.125% } }", "\"1.125%\" is not a share from 0% to 100% with at most two decimals"),
    ("levels: { a: { at: 4h } }", "\"4h\" has no sign; write -4h for before the due time, +4h for after it"),
    ("levels: { a: { at: -4x } }", "\"4x\" is not a span of time; write for example 8h, 1h30m or 90s"),
    ("levels: { a: { at: soon } }", "\"soon\" is not a level; write for example due, -1 working_days, +2h or 90%"),
    (
      "levels: { a: { at: due, notify: province } }",
      "unknown value \"province\"; use one of: window, community, town, city"
    ),
    ("levels: { a: { at: due, notify: comunity } }", "unknown value \"comunity\"; did you mean \"community\"?"),
    ("levels: { a: { at: due, notfy: town } }", "unknown key \"notfy\"; did you mean \"notify\"?"),
    ("applies_to: { channel: [] }", "names nothing; name at least one, or take the key out"),
    ("applies_to: { chanel: [online] }", "unknown key \"chanel\"; did you mean \"channel\"?"),
    ("excludes: { region: [abc] }", "\"abc\" is not a region; write 1 to 12 digits, for example \"469005\""),
    ("title: { English: x }", "\"English\" is not a language; write for example en or zh"),
    ("cancel: [voided]", "voided has no effect on a clock; take it out"),
    ("cancel: [\"a:\"]", "\"a:\" is not an event; write a type or type:step, each of 1 to 64 characters"),
    ("cancel: [\"a : b\"]", "\"a : b\" is not an event; write a type or type:step, each of 1 to 64 characters"),
    ("pause: [[suspended, resumed], [suspended, resumed]]", "this pause is listed twice; keep one"),
    ("cancel: [{ step: tax }]", "has no type; add for example `type: accepted`"),
    ("cancel: [{ type: a, stop: b }]", "unknown key \"stop\"; did you mean \"step\"?"),
    ("cancel: [{ type: a, step: }]", "is empty; give a value or take the key out"),
    ("cancel: [a, { type: a }]", "a is named twice; keep one"),
    ("cancel: { a: b }", "expected a list like [a, b], found a mapping"),
    ("cancel:", "expected a list like [a, b], found nothing"),
  ])
  func refuses(_ line: String, _ message: String) throws {
    let faults = Reading.faults(policy: SmallPolicy(more: line).text)
    let fault = try #require(faults.first)
    #expect(faults.count == 1, "\(faults)")
    #expect(fault.hasPrefix("policy.yaml:10: commitments[opening]."), "\(fault)")
    #expect(fault.hasSuffix(": " + message), "\(fault)")
  }

  @Test(arguments: [
    (
      "limit: 2 working_days, floor: 3 working_days",
      "floor: the floor 3 working_days is above the limit 2 working_days; no stop could be right"
    ),
    (
      "limit: 2 working_days, floor: 2 calendar_days",
      "floor: the floor is in calendar_days, the limit in working_days; use the limit's unit"
    ),
    (
      "limit: 2 working_hours, floor: 1 working_hours",
      "floor: a floor is in days; a limit of working_hours has none"
    ),
    (
      "limit: 0 calendar_days",
      "limit: 0 calendar_days is no limit; write at least 1, or 0 working_days for the same day"
    ),
    ("limit: 0 working_hours", "limit: a limit of working_hours must be more than 0"),
    ("limit: -1 working_days", "limit: \"-1 working_days\" is negative; a limit is not"),
    ("limit: 1.5 working_days", "limit: \"1.5\" is not a whole number of days"),
    ("limit: 4000 working_days", "limit: 4000 days are more than 3,660"),
    (
      "limit: 2",
      "limit: \"2\" is not an amount and a unit; write for example 2 working_days or 1h30m working_hours"
    ),
    ("limit: 2 working-day", "limit: unknown unit \"working-day\"; did you mean \"working_days\"?"),
    ("limit: 2 working_days, grace: 8", "grace: \"8\" is not a span of time; write for example 8h, 1h30m or 90s"),
    (
      "limit: 2 working_days, start_rule: next_workday",
      "start_rule: unknown value \"next_workday\"; did you mean \"next_working_day\"?"
    ),
    ("limit: 2 working_days, closures: stop", "closures: unknown value \"stop\"; use one of: pause, count"),
    (
      "limit: 2 working_days, foo: 1",
      "unknown key \"foo\"; use one of: from, limit, legal_limit, floor, day_end, roll_forward, start_rule, closures, grace, basis"
    ),
    ("day_end: close", "has no limit; add for example `limit: 2 working_days`"),
  ])
  func refusesVersions(_ rules: String, _ message: String) {
    let faults = Reading.faults(policy: SmallPolicy(version: "{ from: 2019-01-01, \(rules) }").text)
    let path = "policy.yaml:9: commitments[opening].versions[2019-01-01]"
    let hasPath = message.hasPrefix("unknown key") || message.hasPrefix("has no")
    #expect(faults == [path + (hasPath ? ": " : ".") + message])
  }

  /// Any version may be the one that a level does not fit.
  @Test func levelsMustFitEveryVersion() {
    let versions = "{ from: 2018-01-01, limit: 5 working_days }, { from: 2019-01-01, limit: 2 working_days }"
    for (level, isRead) in [("-2", true), ("-3", false), ("-5", false), ("+9", true)] {
      let text = SmallPolicy(more: "levels: { a: { at: \(level) working_days } }", version: versions).text
      #expect(Reading.faults(policy: text).isEmpty == isRead, "\(level)")
    }
    let mixed = versions + ", { from: 2020-01-01, limit: 7 calendar_days }"
    let text = SmallPolicy(more: "levels: { a: { at: -1 working_days } }", version: mixed).text
    #expect(Reading.faults(policy: text).count == 1)
    let hours = "{ from: 2018-01-01, limit: 4 working_hours }"
    for (level, isRead) in [("-4", true), ("-4h00m", true), ("-4h01m", false)] {
      let text = SmallPolicy(more: "levels: { a: { at: \(level) working_hours } }", version: hours).text
      #expect(Reading.faults(policy: text).isEmpty == isRead, "\(level)")
    }
  }

  @Test(arguments: [
    ("[a]", "[a]", "[]", 1), ("[a]", "[b]", "[a]", 1), ("[\"a:x\"]", "[a]", "[]", 1), ("[a]", "[\"a:x\"]", "[]", 1),
    ("[\"a:x\"]", "[\"a:y\"]", "[\"a:z\"]", 0), ("[\"a:x\"]", "[\"a:x\"]", "[\"a:x\"]", 2),
    ("[a]", "[b]", "[b]", 0), ("a", "a", "[]", 1), ("[\"a:x\"]", "[b, { type: a, step: x }]", "[]", 1),
    ("[\"a:x\"]", "[{ type: \"a:x\" }]", "[]", 0),
  ])
  func anEventMayNotStartAndStop(_ start: String, _ stop: String, _ cancel: String, _ count: Int) {
    let faults = Reading.faults(policy: SmallPolicy(start: start, stop: stop, more: "cancel: \(cancel)").text)
    #expect(faults.count == count, "\(faults)")
  }

  @Test func missingParts() {
    #expect(
      Reading.faults(policy: "commitments: [{}]") == [
        "policy.yaml:1: has no calendars; add for example `calendars: [{ id: cn, time_zone: Asia/Shanghai, week: "
          + "mon-fri, hours: [\"08:30-12:00\"], days: [cn.csv], published_until: 2026-12-28 }]`",
        "policy.yaml:1: commitments[1]: has no id; add for example `id: opening`",
        "policy.yaml:1: commitments[1]: has no process; add for example `process: opening`",
        "policy.yaml:1: commitments[1]: has no start; add for example `start: [accepted]`",
        "policy.yaml:1: commitments[1]: has no stop; add for example `stop: [completed, rejected]`",
        "policy.yaml:1: commitments[1]: has no calendar; add for example `calendar: cn`",
        "policy.yaml:1: commitments[1]: has no versions; add for example `versions: [{ from: 2019-01-01, limit: 2 "
          + "working_days }]`",
      ])
  }

  /// Past five hundred faults the rest is counted.
  @Test func manyFaultsAreCounted() {
    let text = SmallPolicy(more: "cancel: [\((0..<600).map { _ in "\"x:\"" }.joined(separator: ", "))]").text
    let faults = Reading.faults(policy: text)
    #expect(faults.count == 501)
    #expect(faults.last == "policy.yaml: 100 more faults are not listed; mend these first")
  }
}
