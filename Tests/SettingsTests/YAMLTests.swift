import Testing

@testable import Settings

/// YAML as it comes: what is read of it, what is refused, and that nothing crashes.
@Suite struct YAMLTests {
  @Test func duplicateKeysAreAllListed() {
    let text =
      "database: private\npolicy: a\ndatabase: private\nhttp: { listen: \"h:1\", listen: \"h:2\" }\npolicy: b\n"
    #expect(
      Reading.faults(configuration: text) == [
        "bizclock.yaml:3: database: duplicate key, already on line 1; keep one",
        "bizclock.yaml:4: http.listen: duplicate key, already on line 4; keep one",
        "bizclock.yaml:5: policy: duplicate key, already on line 2; keep one",
      ])
  }

  @Test(arguments: [
    ("database: [a", 2), ("a: b: c", 1), ("database: \"x", 1), ("\tdatabase: private", 1),
    ("database: private\n  x: 1\n", 2), ("- a\nb: c", 2), ("a: *b", 1), ("{", 2), ("%YAML", 1), ("a: !!x [", 2),
  ])
  func whatIsNoYAMLHasALine(_ text: String, _ line: Int) {
    let faults = Reading.faults(configuration: text)
    #expect(!faults.isEmpty)
    #expect(faults.contains { $0.hasPrefix("bizclock.yaml:\(line): not valid YAML: ") }, "\(faults)")
  }

  @Test(arguments: [
    ("database: private\n<<: { policy: a }", "merge keys (<<) are not read; write the keys out"),
    ("? [a]\n: b\ndatabase: private", "a key must be a single word"),
    ("x", "expected a mapping like { key: value }, found a single value"),
    ("[]", "expected a mapping like { key: value }, found a list"),
    ("~", "expected a mapping like { key: value }, found nothing"),
    ("a: [" + String(repeating: "*a,", count: 17) + "]", "more than 16 aliases (*name); write the values out"),
    (
      "database: private\na: " + String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
      "nested deeper than 32 levels; check the brackets"
    ),
    ("a: " + String(repeating: "[", count: 50_000), "check quotes, brackets and indentation"),
    (String(repeating: "- ", count: 50_000), "check quotes, brackets and indentation"),
    ("a: [" + String(repeating: "a,", count: 100_000) + "]", "more than 100000 values; split the file"),
    (
      String(repeating: " ", count: (1 << 20) + 1),
      "the file is longer than 1 MiB; split it or take out what does not belong"
    ),
  ])
  func refuses(_ text: String, _ message: String) {
    let faults = Reading.faults(configuration: text)
    #expect(faults.contains { $0.contains(message) }, "\(faults)")
  }

  @Test func scalarsStayAsTheyWereWritten() throws {
    // No word becomes a truth, a number or a date on the way.
    let text = "database: private\nstate_directory: 010\npolicy: NO\nhttp: { tokens: 2026-01-01 }\n"
    let configuration = try Configuration.parse(text, file: nil)
    #expect(configuration.stateDirectory == "010")
    #expect(configuration.policy == "NO")
    #expect(configuration.http.tokens == "2026-01-01")
    #expect(try Configuration.parse("\u{FEFF}database: private\r\n", file: nil).database == .private)
    let alias = "database: private\nstate_directory: &a x\npolicy: *a\n"
    #expect(try Configuration.parse(alias, file: nil).policy == "x")
  }

  @Test func controlCharactersAreRefused() {
    #expect(
      Reading.faults(configuration: "database: private\npolicy: \"a\\u0007\"\n") == [
        "bizclock.yaml:2: policy: holds a control character; take it out"
      ])
  }

  static let fragments = [
    ":", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", "&a ", "*a", "!!int ", "|\n", ">\n", "\n", "  ", "\t",
    "?",
    "%", "@", "~", "<<: ", "---\n", "...\n", "\u{0}", "\u{FEFF}", "\u{85}", "\u{2028}", "文", "\u{F000}", "1e9",
    "-1",
    "99999999999999999999", "${CREDENTIALS_DIRECTORY}", "\\x", "\r",
  ]

  @Test func mutatedFilesNeverCrash() throws {
    let policy = try Reading.text("deploy/policy.yaml").split(separator: "\n").filter { !$0.contains("#") }
      .joined(separator: "\n")
    let configuration = try Reading.text("deploy/examples/wabo/bizclock.yaml")
    let days = "date,kind,name,hours\n2026-09-20,makeup_workday,国庆,08:30-12:00\n2026-10-01,holiday,\"a, b\",\n"
    for seed in UInt64(1)...600 {
      var random = SeededText(seed: seed)
      let text = random.mutated([policy, configuration, days][Int(seed % 3)], fragments: YAMLTests.fragments)
      let faults =
        switch seed % 3 {
        case 0: Reading.faults(policy: text, files: ["cn.csv": days])
        case 1: Reading.faults(configuration: text)
        default:
          Reading.faults(policy: SmallPolicy(calendar: "{ id: cn, days: [a.csv] }").text, files: ["a.csv": text])
        }
      for fault in faults {
        #expect(
          fault.hasPrefix("policy.yaml:") || fault.hasPrefix("bizclock.yaml:") || fault.hasPrefix("a.csv:")
            || fault.hasPrefix("cn.csv:"), "seed \(seed): \(fault)")
      }
      _ = PolicyDraft.daysFiles(named: text)
    }
  }

  @Test func randomTextNeverCrashes() {
    for seed in UInt64(1)...1_500 {
      var random = SeededText(seed: seed)
      let text = random.text(YAMLTests.fragments + ["a", "database", "id", "private", "calendars"])
      // Whatever it is, it is no configuration, unless chance wrote one.
      let faults = Reading.faults(configuration: text)
      #expect(!faults.isEmpty || text.contains("database"), "seed \(seed): \(text)")
      _ = Reading.faults(policy: text)
      _ = Conninfo.parse(text)
      _ = Conninfo.redacted(text)
    }
  }

  @Test(
    arguments: [
      ("strat", "start"), ("STOP", "stop"), ("can-cel", "cancel"), ("cancl", "cancel"), ("x", nil), ("", nil),
      ("applies-to", "applies_to"), ("pausee", "pause"),
    ] as [(String, String?)])
  func nearWords(_ word: String, _ near: String?) {
    #expect(Spelling.nearest(word, among: ["start", "stop", "cancel", "pause", "applies_to"]) == near)
  }

  @Test(arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)])
  func distances(_ a: String, _ b: String, _ distance: Int) {
    #expect(Spelling.distance(Array(a.utf8), Array(b.utf8)) == distance)
  }
}
