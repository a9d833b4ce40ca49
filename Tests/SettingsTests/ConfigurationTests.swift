import Foundation
import ServiceTime
import Testing

@testable import Settings

/// The daemon's configuration: values, overrides, and what is wrong with it.
@Suite struct ConfigurationTests {
  @Test func aWrongFileListsEverything() {
    let text = """
      databse: private
      state_directory: [a]
      http: { listen: "8347", tokens: "" , tls: true }
      feeds:
        - { name: "e registration", source: hn, kind: spool, directory: a }
        - { name: b, source: hn, kind: spol, directory: a }
        - name: c
          source: hn
          kind: spool
          format: xml
          silence: 4 days
          time_zone: Asia/Shangai
          delimiter: "|"
          schema: public
          mapping: { case: no, type: { values: { a: b } } }
          defaults: { case_id: x, process: opening }
        - { name: c, source: hn, kind: exchange, directory: d, database: private }
        - { name: d, source: hn, kind: spool, directory: same }
        - { name: e, source: hn, kind: spool, directory: same, keep: [a, a] }
      alerts:
        retrospective_after: 1d
        show_individual_names: no
        retrospective_after: 24h
      """
    #expect(
      Reading.faults(configuration: text) == [
        "bizclock.yaml:1: unknown key \"databse\"; did you mean \"database\"?",
        "bizclock.yaml:1: has no database; add `database: \"host=/run/postgresql dbname=bizclock\"` or "
          + "`database: private`",
        "bizclock.yaml:2: state_directory: expected a single value, found a list",
        "bizclock.yaml:3: http.listen: \"8347\" is not an address to listen on; write host:port, for example "
          + "127.0.0.1:8347",
        "bizclock.yaml:3: http.tokens: is empty; give a value or take the key out",
        "bizclock.yaml:3: http: unknown key \"tls\"; use one of: listen, tokens, body_limit, "
          + "body_time",
        "bizclock.yaml:5: feeds[e registration].name: \"e registration\" is not a feed's name; use letters, digits, - "
          + "and _, at most 64",
        "bizclock.yaml:6: feeds[b].kind: unknown value \"spol\"; did you mean \"spool\"?",
        "bizclock.yaml:7: feeds[c]: has no directory; add for example `directory: /var/spool/bizclock/c`",
        "bizclock.yaml:10: feeds[c].format: unknown value \"xml\"; use one of: ndjson, csv",
        "bizclock.yaml:11: feeds[c].silence: unknown unit \"days\"; use one of: working_days, calendar_days, "
          + "working_hours",
        "bizclock.yaml:12: feeds[c].time_zone: there is no time zone Asia/Shangai in /usr/share/zoneinfo; check its "
          + "spelling (on Debian older names are in the package tzdata-legacy)",
        "bizclock.yaml:13: feeds[c].delimiter: \"|\" is not a delimiter; write \",\", \";\" or tab",
        "bizclock.yaml:14: feeds[c].schema: is not for kind spool; take it out, or change the kind",
        "bizclock.yaml:15: feeds[c].mapping: unknown key \"case\"; use one of: event_id, case_id, type, occurred_at, "
          + "sequence, process, step, source, region, grid, service_window, channel, entity_name, entity_type, uscc, "
          + "tags, voids, extend_days, events",
        "bizclock.yaml:15: feeds[c].mapping.type: has no column; add for example `column: type`",
        "bizclock.yaml:16: feeds[c].defaults: unknown key \"case_id\"; use one of: type, process, step, region, grid, "
          + "service_window, channel, entity_name, entity_type, uscc, tags, extend_days",
        "bizclock.yaml:17: feeds[c]: has no time_zone; add for example `time_zone: Asia/Shanghai`",
        "bizclock.yaml:17: feeds[c]: another feed is already named c; rename one",
        "bizclock.yaml:17: feeds[c].directory: is not for kind exchange; take it out, or change the kind",
        "bizclock.yaml:17: feeds[c].database: an exchange database is not private; write a libpq conninfo",
        "bizclock.yaml:19: feeds[e]: the folder same is already that of the feed d; give each its own",
        "bizclock.yaml:19: feeds[e].keep[2]: \"a\" is named twice; keep one",
        "bizclock.yaml:21: alerts.retrospective_after: \"1d\" is not a span of time; a day is written 24h",
        "bizclock.yaml:22: alerts.show_individual_names: \"no\" is neither true nor false",
        "bizclock.yaml:23: alerts.retrospective_after: duplicate key, already on line 21; keep one",
      ])
  }

  @Test(arguments: ["", "# nothing\n", "{}", "feeds: []\n", "alerts: { retrospective_after: 24h }\n"])
  func aFileWithoutDatabaseIsAnError(_ text: String) {
    let faults = Reading.faults(configuration: text)
    #expect(faults.count == 1)
    let isEmpty = text.isEmpty || text.hasPrefix("#")
    #expect(faults.first?.contains(isEmpty ? "the file is empty" : "has no database") == true)
    // The environment may say it.
    if !isEmpty {
      for name in ["BIZCLOCK_DATABASE", "PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"] {
        #expect(Reading.faults(configuration: text, environment: [name: "dbname=x"]) == [])
        #expect(Reading.faults(configuration: text, environment: [name: ""]).count == 1)
      }
    }
  }

  /// A feed that is posted to, and the bounds of what is posted.
  @Test func aPostedFeedAndItsBounds() throws {
    let text = """
      database: private
      http: { body_limit: 512 KiB, body_time: 1m }
      feeds:
        - { name: hall, source: hall, kind: http, time_zone: Asia/Shanghai, silence: 1h, keep: [note], mapping: { region: r } }
      """
    let configuration = try Configuration.parse(text, file: "bizclock.yaml")
    #expect(configuration.http.bodyLimit == 524_288 && configuration.http.bodyTime == 60_000_000)
    #expect(Configuration().http.bodyLimit == 4 << 20 && Configuration().http.bodyTime == 30_000_000)
    #expect(
      configuration.feeds == [
        FeedSettings(
          name: "hall", source: "hall", kind: .http, silence: .plain(3_600_000_000), timeZone: "Asia/Shanghai",
          keep: ["note"], mapping: ["region": FieldMapping(column: "r")])
      ])
    #expect(
      Reading.faults(
        configuration: text.replacing("512 KiB", with: "17 MiB").replacing("1m", with: "6m")
          .replacing("time_zone", with: "directory: /x, format: csv, encoding: auto, schema: s, time_zone"))
        == [
          "bizclock.yaml:2: http.body_limit: 17 MiB is out of bounds; write a size from 64 KiB to 16 MiB",
          "bizclock.yaml:2: http.body_time: 6m is out of bounds; write a time from 1s to 5m",
          "bizclock.yaml:4: feeds[hall].directory: is not for kind http; take it out, or change the kind",
          "bizclock.yaml:4: feeds[hall].format: is not for kind http; take it out, or change the kind",
          "bizclock.yaml:4: feeds[hall].encoding: is not for kind http; take it out, or change the kind",
          "bizclock.yaml:4: feeds[hall].schema: is not for kind http; take it out, or change the kind",
        ])
    for (size, isTaken) in [
      ("64 KiB", true), ("16 MiB", true), ("63 KiB", false), ("4MiB", false), ("0 MiB", false), ("4 GiB", false),
    ] {
      #expect(Reading.faults(configuration: "database: private\nhttp: { body_limit: \(size) }").isEmpty == isTaken)
    }
  }

  @Test func noFileMeansThePrivateDatabase() throws {
    let configuration = try Configuration.parse(nil, file: nil)
    #expect(configuration == Configuration())
    #expect(configuration.database == .private)
    #expect(configuration.policy == nil)
  }

  @Test func everyOverride() throws {
    let text = """
      database: private
      state_directory: state
      http: { listen: "0.0.0.0:80", tokens: tokens }
      policy: mine.yaml
      """
    let plain = try Configuration.parse(text, file: "/etc/x/bizclock.yaml")
    #expect(plain.stateDirectory == "/etc/x/state")
    #expect(plain.http == HTTPSettings(listen: ListenAddress(host: "0.0.0.0", port: 80), tokens: "/etc/x/tokens"))
    #expect(plain.policy == "/etc/x/mine.yaml")
    let environment = [
      "BIZCLOCK_DATABASE": "host=/tmp dbname=other", "BIZCLOCK_STATE_DIRECTORY": "/srv/state",
      "BIZCLOCK_HTTP_LISTEN": "[::1]:0", "BIZCLOCK_HTTP_TOKENS": "${CREDENTIALS_DIRECTORY}/tokens",
      "BIZCLOCK_POLICY": "/srv/policy.yaml", "BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER": "1h30m",
      "BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES": "true", "CREDENTIALS_DIRECTORY": "/run/credentials",
      "BIZCLOCK_OF_SOMEONE_ELSE": "x",
    ]
    let over = try Configuration.parse(text, file: "/etc/x/bizclock.yaml", environment: environment)
    #expect(
      over
        == Configuration(
          file: "/etc/x/bizclock.yaml", database: .conninfo("host=/tmp dbname=other"), stateDirectory: "/srv/state",
          http: HTTPSettings(listen: ListenAddress(host: "::1", port: 0), tokens: "/run/credentials/tokens"),
          alerts: AlertSettings(retrospectiveAfter: 5_400_000_000, showIndividualNames: true),
          policy: "/srv/policy.yaml"))
    let none = try Configuration.parse(nil, file: nil, environment: environment)
    #expect(none.database == over.database)
  }

  @Test func wrongOverrides() {
    let environment = [
      "BIZCLOCK_DATABASE": "nonsense", "BIZCLOCK_HTTP_LISTEN": "x", "BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER": "-1h",
      "BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES": "yes", "BIZCLOCK_HTTP_TOKENS": "${CREDENTIALS_DIRECTORY}/t",
      "BIZCLOCK_DATABSE": "private", "BIZCLOCK_STATE_DIR": "x",
    ]
    #expect(
      Reading.faults(configuration: nil, environment: environment) == [
        "environment: BIZCLOCK_DATABSE: unknown variable; did you mean BIZCLOCK_DATABASE?",
        "environment: BIZCLOCK_DATABASE: is not a libpq conninfo; write for example \"host=/run/postgresql "
          + "dbname=bizclock\", the whole path of a file that holds one, or private",
        "environment: BIZCLOCK_HTTP_LISTEN: \"x\" is not an address to listen on; write host:port, for example "
          + "127.0.0.1:8347",
        "environment: BIZCLOCK_HTTP_TOKENS: CREDENTIALS_DIRECTORY is not set; start under systemd with "
          + "LoadCredential=, or write the path",
        "environment: BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER: \"-1h\" is negative; write a span like 8h or 0h30m",
        "environment: BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES: \"yes\" is neither true nor false",
      ])
  }

  @Test(arguments: [
    ("127.0.0.1:8347", "127.0.0.1", 8347), ("localhost:0", "localhost", 0), ("[::]:65535", "::", 65_535),
    ("[fe80::1]:80", "fe80::1", 80),
  ])
  func listenAddresses(_ text: String, _ host: String, _ port: Int) throws {
    let address = try ListenAddress(settingsText: text)
    #expect(address == ListenAddress(host: host, port: port))
    #expect(address.description == text)
  }

  @Test(arguments: [
    "", ":80", "[]:80", "host", "host:", "host:65536", "host:-1", "::1:80", "[::1:80", "ho st:80", "h:8 0",
  ])
  func wrongListenAddresses(_ text: String) {
    #expect(throws: Complaint.self) { try ListenAddress(settingsText: text) }
  }

  @Test(arguments: [
    ("4 working_hours", Silence.officeTime(14_400_000_000)), ("1h30m working_hours", .officeTime(5_400_000_000)),
    ("8h", .plain(28_800_000_000)), ("90s", .plain(90_000_000)), ("0h02m", .plain(120_000_000)),
  ])
  func silences(_ text: String, _ silence: Silence) throws {
    #expect(try Silence(settingsText: text) == silence)
  }

  @Test(arguments: ["0h", "0 working_hours", "2 working_days", "4", "h", "1h1h", "5m1h", "1.5h", "10001h"])
  func wrongSilences(_ text: String) { #expect(throws: Complaint.self) { try Silence(settingsText: text) } }

  @Test func filesAreLoaded() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-settings-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "bizclock.yaml").path
    func load(_ path: String?, _ environment: [String: String] = [:]) -> [String] {
      Reading.lines { () throws(SettingsError) in
        _ = try Configuration.load(path, environment: environment, defaultPath: file)
      }
    }
    // Only the default file may be missing.
    #expect(try Configuration.load(environment: [:], defaultPath: file) == Configuration())
    #expect(load(file) == ["\(file): cannot be read: No such file or directory"])
    #expect(load(nil, ["BIZCLOCK_CONFIG": file]) == ["\(file): cannot be read: No such file or directory"])
    try Data("database: private\n".utf8).write(to: URL(filePath: file))
    let alone = try Configuration.load(environment: ["BIZCLOCK_CONFIG": ""], defaultPath: file)
    #expect(alone.file == file)
    #expect(alone.policy == nil, "without a policy beside it the shipped one holds")
    let policy = folder.appending(path: "policy.yaml").path
    try Data("x".utf8).write(to: URL(filePath: policy))
    #expect(try Configuration.load(file, environment: [:]).policy == policy)
    try Data([0x61, 0x3A, 0x0A, 0xFF]).write(to: URL(filePath: file))
    #expect(load(file) == ["\(file): is not UTF-8 (line 2); save the file as UTF-8"])
    #expect(load(folder.path) == ["\(folder.path): cannot be read: it is not a regular file"])
    try Data(repeating: 0x20, count: (4 << 20) + 1).write(to: URL(filePath: file))
    #expect(load(file) == ["\(file): cannot be read: it is larger than 4194304 bytes"])
  }
}
