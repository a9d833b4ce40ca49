import Feeds
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings

/// What makes a command impossible on this database.
public enum DatabaseFault: Error, Sendable, CustomStringConvertible {
  case noSchema
  case oldSchema(Int32, Int32)

  public var description: String {
    switch self {
    case .noSchema: "the database has no bizclock schema yet; run: bizclock migrate"
    case .oldSchema(let there, let ours):
      "the database has schema version \(there), this program needs \(ours); run: bizclock migrate"
    }
  }
}

/// An installation: its configuration, and its database, started if it is a private one.
public struct Installation: Sendable {
  /// The configuration.
  public let configuration: Configuration
  /// The database.
  public let database: DatabaseSource
  /// The private cluster, where the database is one.
  public let cluster: PrivateCluster?

  /// Opens an installation; a private cluster is started if it does not run. One that is thrown away is made faster.
  public static func open(_ configuration: Configuration, isKept: Bool = true) async throws -> Installation {
    switch configuration.database {
    case .conninfo(let conninfo):
      return Installation(
        configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    case .private:
      let cluster = try PrivateCluster(directory: configuration.stateDirectory + "/postgres", isKept: isKept)
      return Installation(
        configuration: configuration, database: DatabaseSource(conninfo: try await cluster.start()),
        cluster: cluster)
    }
  }

  /// The policy draft of the configuration: its file's, or the shipped one.
  public static func draft(_ configuration: Configuration) throws -> PolicyDocuments {
    if let policy = configuration.policy { return try PolicyDocuments.read(policy) }
    return try PolicyDocuments.shipped()
  }

  /// What `migrate` did.
  public struct Migration: Sendable {
    /// The schema before and now.
    public var schema: Schema.Report
    /// Whether the policy and calendar of the draft were put in force, there having been none.
    public var appliedDraft: Bool
    /// Whether the role that dashboards read under is missing: this one may not create it.
    public var lacksDashboardRole: Bool
  }

  /// Brings the schema up to this program's; an empty database gets the draft's policy and calendar.
  public func migrate(now: Instant) async throws -> Migration {
    let connection = try await database.connect(.administer)
    let report = try await connection.run { try Schema.migrate(&$0, now: now) }
    let empty = try await connection.run { try Rules.inForce(&$0) == nil }
    if empty {
      let documents = try Installation.draft(configuration)
      let document = RuleDocument(documents)
      let rulebook = try RuleLoader.compile(policy: document, calendar: document)
      let retrospectiveAfter = configuration.alerts.retrospectiveAfter
      _ = try await connection.run { session in
        try Rules.apply(
          [(.policy, document), (.calendar, document)], rulebook: rulebook, by: "migrate",
          reason: "an empty database gets the policy and calendar of the files",
          retrospectiveAfter: retrospectiveAfter, now: { now }, on: &session)
      }
    }
    let showNames = configuration.alerts.showIndividualNames
    let lacksRole = try await connection.run { session in
      _ = try session.execute(
        "UPDATE bizclock.setting SET value = $1 WHERE name = 'show_individual_names'",
        [.text(showNames ? "true" : "false")])
      return try session.execute("SELECT to_regrole('bizclock_dashboard') IS NULL").bool(0, 0)
    }
    await connection.close()
    return Migration(schema: report, appliedDraft: empty, lacksDashboardRole: lacksRole)
  }

  /// Refuses a database whose schema is not this program's.
  public func checkSchema() async throws {
    let connection = try await database.connect(.ask)
    let version = try await connection.run { try Schema.version(&$0) }
    await connection.close()
    guard version != 0 else { throw DatabaseFault.noSchema }
    guard version <= Schema.newest else { throw Schema.Fault.newer(version, than: Schema.newest) }
    guard version == Schema.newest else { throw DatabaseFault.oldSchema(version, Schema.newest) }
  }

  /// The rules in force.
  public func rulebook() async throws -> Rulebook {
    let connection = try await database.connect(.ask)
    let rulebook = try await connection.run { session -> Rulebook in
      guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
      return rulebook
    }
    await connection.close()
    return rulebook
  }

  /// How the daemon projects, by the configuration.
  public var projectorSettings: ProjectorSettings {
    var settings = ProjectorSettings()
    settings.retrospectiveAfter = configuration.alerts.retrospectiveAfter
    return settings
  }

  /// The feeds of the configuration that a daemon takes in by itself.
  public func servedFeeds(_ rulebook: Rulebook) throws -> [ServedFeed] {
    try servedFeeds(processes: rulebook.policy.processes)
  }

  /// The same, whose events may name these processes.
  func servedFeeds(processes: Set<String>) throws -> [ServedFeed] {
    try configuration.feeds.compactMap { try ServedFeed($0, processes: processes) }
  }

  /// A name for this process among daemons.
  public static var processName: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, 255)
    let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(host) pid \(getpid())"
  }
}

extension FeedDescription {
  /// How a feed's files are read, by its settings.
  public init(_ feed: FeedSettings, processes: Set<String>) throws {
    self.init(
      name: feed.name, source: Identifier(feed.source), format: feed.format == .csv ? .csv : .ndjson,
      timeZone: try feed.timeZone.map { try ZoneFiles.load($0) }, keep: feed.keep, knownProcesses: processes)
    switch feed.encoding {
    case .auto: encoding = .auto
    case .utf8: encoding = .utf8
    case .gb18030: encoding = .gb18030
    case .utf16LittleEndian: encoding = .utf16LittleEndian
    case .utf16BigEndian: encoding = .utf16BigEndian
    }
    switch feed.delimiter {
    case UInt8(ascii: ","): delimiter = .comma
    case UInt8(ascii: ";"): delimiter = .semicolon
    case UInt8(ascii: "\t"): delimiter = .tab
    default: delimiter = .auto
    }
    for (name, value) in feed.mapping {
      guard let field = EventField(rawValue: name) else { continue }
      mapping[field] = Mapping(column: value.column, values: value.values, otherwise: value.otherwise)
    }
    milestones = feed.events.map { Milestone(type: $0.type, step: $0.step, column: $0.occurredAt) }
    for (name, value) in feed.defaults {
      guard let field = EventField(rawValue: name) else { continue }
      defaults[field] = value
    }
    if feed.kind == .exchange { exchange = ExchangeDescription(feed) }
  }
}
