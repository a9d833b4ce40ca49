import Testing

@testable import Settings

/// Credentials are the daemon's: who does not need them reads the configuration without.
@Suite struct ConfigurationUseTests {
  private static let text = """
    database: "${CREDENTIALS_DIRECTORY}/database"
    http: { tokens: "${CREDENTIALS_DIRECTORY}/tokens" }
    feeds:
      - { name: x, source: y, kind: exchange, time_zone: UTC, database: "${CREDENTIALS_DIRECTORY}/exchange" }
      - { name: z, source: z, kind: exchange, time_zone: UTC, database: "/nobody/has/this" }
    """
  private static let ofTheDatabase =
    "bizclock.yaml:1: database: CREDENTIALS_DIRECTORY is not set; start under systemd with LoadCredential=, "
    + "set BIZCLOCK_DATABASE, or write the path"
  private static let ofTheTokens =
    "bizclock.yaml:2: http.tokens: CREDENTIALS_DIRECTORY is not set; start under systemd with LoadCredential=, "
    + "or write the path"
  private static let ofX =
    "bizclock.yaml:4: feeds[x].database: CREDENTIALS_DIRECTORY is not set; start under systemd with "
    + "LoadCredential=, or write the path"
  private static let ofZ =
    "bizclock.yaml:5: feeds[z].database: /nobody/has/this cannot be read (No such file or directory); let it hold a "
    + "libpq conninfo and be the daemon's to read"

  @Test(arguments: [
    (ConfigurationUse.daemon, [ofTheDatabase, ofTheTokens, ofX, ofZ]), (.command, [ofTheDatabase]), (.draft, []),
    (.feed("x"), [ofX]), (.feed("z"), [ofZ]), (.feed("other"), []),
  ])
  func onlyWhatIsNeededIsLookedUp(_ use: ConfigurationUse, _ faults: [String]) {
    #expect(ConfigurationUseTests.faults(use) == faults)
  }

  /// What the environment overrides is not looked up in the file.
  @Test func theEnvironmentOverridesCredentials() throws {
    let environment = ["BIZCLOCK_DATABASE": "host=db", "BIZCLOCK_HTTP_TOKENS": "/etc/tokens"]
    #expect(
      ConfigurationUseTests.faults(.daemon, environment) == [ConfigurationUseTests.ofX, ConfigurationUseTests.ofZ])
    let configuration = try Configuration.parse(
      ConfigurationUseTests.text, file: "bizclock.yaml", for: .command, environment: environment)
    #expect(configuration.database == .conninfo("host=db"))
    // It must be a text all the same.
    #expect(
      Reading.faults(configuration: "database: [a]\nhttp: { tokens: [b] }", environment: environment) == [
        "bizclock.yaml:1: database: expected a single value, found a list",
        "bizclock.yaml:2: http.tokens: expected a single value, found a list",
      ])
  }

  /// What is not looked up leads to no database, and what is no conninfo is a fault whoever asks.
  @Test func whatIsNotLookedUpIsCheckedForItsForm() throws {
    let configuration = try Configuration.parse(ConfigurationUseTests.text, file: "bizclock.yaml", for: .draft)
    #expect(configuration.database == .conninfo("${CREDENTIALS_DIRECTORY}/database"))
    #expect(configuration.http.tokens == nil)
    let wrong = ConfigurationUseTests.text.replacing("\"/nobody/has/this\"", with: "nonsense")
    #expect(
      ConfigurationUseTests.faults(.draft, in: wrong).first?.contains("feeds[z].database: is not a libpq conninfo")
        == true)
  }

  private static func faults(
    _ use: ConfigurationUse, _ environment: [String: String] = [:], in text: String = text
  ) -> [String] {
    Reading.lines { () throws(SettingsError) in
      _ = try Configuration.parse(text, file: "bizclock.yaml", for: use, environment: environment)
    }
  }
}
