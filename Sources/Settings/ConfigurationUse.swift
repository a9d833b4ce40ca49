/// What a configuration is read for. Files and credentials that hold a conninfo or tokens are the daemon's: they are
/// looked up only for what needs them, so that commands by hand do without the others.
public enum ConfigurationUse: Sendable, Equatable {
  /// The daemon: all of it.
  case daemon
  /// A command on the database.
  case command
  /// A look at what one feed reads, without bizclock's database.
  case feed(String)
  /// A look at the policy draft, without any database.
  case draft

  /// Whether bizclock's database is asked.
  var needsDatabase: Bool { self == .daemon || self == .command }
  /// Whether the HTTP interface is served.
  var needsTokens: Bool { self == .daemon }
  /// Whether the exchange database of a feed is read.
  func needsUpstream(of feed: String) -> Bool { self == .daemon || self == .feed(feed) }
}
