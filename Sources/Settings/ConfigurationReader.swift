/// Reads `bizclock.yaml` and lays the environment over it.
struct ConfigurationReader {
  static let keys = ["database", "state_directory", "http", "feeds", "alerts", "policy", "retention"]
  static let httpKeys = ["listen", "tokens", "body_limit", "body_time"]
  static let alertKeys = ["retrospective_after", "show_individual_names"]
  /// The variables that stand for settings.
  static let variables = [
    "BIZCLOCK_CONFIG", "BIZCLOCK_DATABASE", "BIZCLOCK_STATE_DIRECTORY", "BIZCLOCK_HTTP_LISTEN",
    "BIZCLOCK_HTTP_TOKENS", "BIZCLOCK_POLICY", "BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER",
    "BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES",
  ]
  /// libpq's own variables that say which database is meant.
  static let libpqVariables = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"]
  static let credentials = "${CREDENTIALS_DIRECTORY}"

  let file: String?
  let environment: [String: String]
  let log: FaultLog
  let use: ConfigurationUse
  /// Whether there is a policy file beside the configuration file; asked where that names none.
  let hasPolicy: (String) -> Bool

  /// The configuration as far as it can be read; what is wrong is in the log.
  func read(_ text: String?) -> Configuration {
    var configuration = Configuration(file: file)
    var database: DatabaseLocation?
    if let text {
      let name = file ?? "bizclock.yaml"
      let folder = FilePath.folder(of: name)
      let beside = FilePath.resolve("policy.yaml", in: folder)
      if hasPolicy(beside) { configuration.policy = beside }
      guard let node = SourceNode.read(text, file: name, log: log) else { return configuration }
      let root = Field(node: node, path: "", file: name, log: log)
      guard let map = root.map(keys: ConfigurationReader.keys) else { return configuration }
      if let field = unlessOverridden(map["database"], by: "BIZCLOCK_DATABASE") { database = self.database(field) }
      if map["database"] == nil, !namesDatabase {
        root.fault(
          "has no database; add `database: \"host=/run/postgresql dbname=bizclock\"` or `database: private`")
      }
      if let path = map["state_directory"]?.text(longest: 4000) {
        configuration.stateDirectory = FilePath.resolve(path, in: folder)
      }
      if let http = map["http"]?.map(keys: ConfigurationReader.httpKeys) {
        let tokens = unlessOverridden(http["tokens"], by: "BIZCLOCK_HTTP_TOKENS")
        apply(listen: http["listen"], tokens: tokens, folder, to: &configuration)
        applyBodyBounds(http, to: &configuration.http)
      }
      if let alerts = map["alerts"]?.map(keys: ConfigurationReader.alertKeys) {
        apply(after: alerts["retrospective_after"], names: alerts["show_individual_names"], to: &configuration)
      }
      if let path = map["policy"]?.text(longest: 4000) {
        configuration.policy = FilePath.resolve(path, in: folder)
      }
      configuration.retention = retention(map["retention"])
      configuration.feeds = feeds(map["feeds"], folder)
    }
    override(&configuration, &database)
    configuration.database = database ?? (text != nil && namesDatabase ? .conninfo("") : .private)
    return configuration
  }

  private var namesDatabase: Bool {
    (["BIZCLOCK_DATABASE"] + ConfigurationReader.libpqVariables).contains { environment[$0]?.isEmpty == false }
  }

  private func database(_ field: Field) -> DatabaseLocation? {
    guard let text = field.text(longest: 4000) else { return nil }
    if text == "private" { return .private }
    // No conninfo begins so: it is the file that holds one.
    let isFile = text.hasPrefix("/") || text.hasPrefix(ConfigurationReader.credentials)
    guard isFile || Conninfo.isOne(text) else {
      field.fault(
        "is not a libpq conninfo; write for example \"host=/run/postgresql dbname=bizclock\", "
          + "the whole path of a file that holds one, or private")
      return nil
    }
    // As it is written it leads to no database.
    guard use.needsDatabase else { return .conninfo(text) }
    guard let whole = expand(field, text, otherwise: "set BIZCLOCK_DATABASE, or write the path") else { return nil }
    return isFile
      ? field.value { _ throws(Complaint) in .conninfo(try ConninfoFile.read(whole)) } : .conninfo(whole)
  }

  /// A value of the file, unless a variable stands for it: then it is not looked up, for a credential may be there for
  /// the daemon alone.
  private func unlessOverridden(_ field: Field?, by name: String) -> Field? {
    guard variable(name) != nil else { return field }
    _ = field?.text(longest: 4000)
    return nil
  }

  /// Puts systemd's folder of credentials in its place.
  private func expand(_ field: Field, _ text: String, otherwise: String = "or write the path") -> String? {
    guard text.contains(ConfigurationReader.credentials) else { return text }
    guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else {
      field.fault("CREDENTIALS_DIRECTORY is not set; start under systemd with LoadCredential=, \(otherwise)")
      return nil
    }
    return text.replacing(ConfigurationReader.credentials, with: folder)
  }

  private func apply(listen: Field?, tokens: Field?, _ folder: String, to configuration: inout Configuration) {
    let address = listen?.value { text throws(Complaint) in try ListenAddress(settingsText: text) }
    if let address { configuration.http.listen = address }
    if let tokens, let text = tokens.text(longest: 4000), use.needsTokens, let path = expand(tokens, text) {
      configuration.http.tokens = FilePath.resolve(path, in: folder)
    }
  }

  private func apply(after: Field?, names: Field?, to configuration: inout Configuration) {
    let time = after?.value { text throws(Complaint) in try PlainTime.microseconds(text) }
    if let time { configuration.alerts.retrospectiveAfter = time }
    if let flag = names?.flag() { configuration.alerts.showIndividualNames = flag }
  }

  private func feeds(_ field: Field?, _ folder: String) -> [FeedSettings] {
    guard let items = field?.items() else { return [] }
    let reader = FeedReader(folder: folder, use: use, expand: { expand($0, $1) })
    let feeds = items.compactMap { item in reader.feed(item).map { (item, $0) } }
    var names: Set<String> = []
    var folders: [String: String] = [:]
    var upstreams: [String: String] = [:]
    for (item, feed) in feeds {
      if !names.insert(feed.name).inserted { item.fault("another feed is already named \(feed.name); rename one") }
      if feed.kind == .exchange, let other = upstreams.updateValue(feed.name, forKey: feed.source) {
        item.fault("the exchange feed \(other) has the source \(feed.source) already; give each its own")
      }
      guard let folder = feed.directory else { continue }
      if let other = folders[folder] {
        item.fault("the folder \(folder) is already that of the feed \(other); give each its own")
      } else {
        folders[folder] = feed.name
      }
      if let other = feeds.lazy.map(\.1).first(where: {
        $0.directory.map { FilePath.isWithin(folder, "\($0)/done") } ?? false
      }) {
        item.fault(
          "the folder \(folder) is that of done files of the feed \(other.name), or in it; give the feed one elsewhere"
        )
      }
    }
    return feeds.map(\.1)
  }

  /// Lays the environment over what the file says.
  private func override(_ configuration: inout Configuration, _ database: inout DatabaseLocation?) {
    for name in environment.keys.sorted()
    where name.hasPrefix("BIZCLOCK_") && !ConfigurationReader.variables.contains(name) {
      // Other programs of ours may have variables of their own; only what looks like a slip is refused.
      let letters = Array(name.utf8.prefix(64))
      let near = ConfigurationReader.variables.first { Spelling.distance(letters, Array($0.utf8)) <= 2 }
      if let near { variable(name)?.fault("unknown variable; did you mean \(near)?") }
    }
    if let field = variable("BIZCLOCK_DATABASE") { database = self.database(field) }
    if let path = variable("BIZCLOCK_STATE_DIRECTORY")?.text(longest: 4000) { configuration.stateDirectory = path }
    apply(
      listen: variable("BIZCLOCK_HTTP_LISTEN"), tokens: variable("BIZCLOCK_HTTP_TOKENS"), ".", to: &configuration)
    apply(
      after: variable("BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER"),
      names: variable("BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES"), to: &configuration)
    if let path = variable("BIZCLOCK_POLICY")?.text(longest: 4000) { configuration.policy = path }
  }

  /// A variable as a field, if it is set.
  private func variable(_ name: String) -> Field? {
    guard let value = environment[name], !value.isEmpty else { return nil }
    let node = SourceNode(content: .scalar(value, quoted: true), place: .unknown)
    return Field(node: node, path: name, file: "environment", log: log)
  }
}
