/// The daemon's own settings: `bizclock.yaml` with what the environment overrides.
public struct Configuration: Sendable, Equatable {
  /// Where the configuration file lies unless another is named.
  public static let defaultPath = "/etc/bizclock/bizclock.yaml"
  /// Where state is kept unless the configuration says otherwise.
  public static let defaultStateDirectory = "/var/lib/bizclock"

  /// The file it was read from; nil where there is none.
  public var file: String?
  /// Where the data are.
  public var database: DatabaseLocation
  /// The folder of the daemon's own state.
  public var stateDirectory: String
  /// The HTTP service.
  public var http: HTTPSettings
  /// Where events come from.
  public var feeds: [FeedSettings]
  /// How alerts are told.
  public var alerts: AlertSettings
  /// The policy draft's file; nil stands for the shipped policy.
  public var policy: String?
  /// How long what has been dealt with is kept.
  public var retention = RetentionSettings()

  /// A configuration; without arguments the defaults of no configuration file: a private database, no feeds.
  public init(
    file: String? = nil, database: DatabaseLocation = .private,
    stateDirectory: String = Configuration.defaultStateDirectory, http: HTTPSettings = HTTPSettings(),
    feeds: [FeedSettings] = [], alerts: AlertSettings = AlertSettings(), policy: String? = nil
  ) {
    self.file = file
    self.database = database
    self.stateDirectory = stateDirectory
    self.http = http
    self.feeds = feeds
    self.alerts = alerts
    self.policy = policy
  }

  /// Reads the configuration: the file named, else that of `BIZCLOCK_CONFIG`, else the default one if it is there.
  ///
  /// A file that is named must be there; without any, the defaults hold (`database: private`). What `use` does not need
  /// of conninfos and tokens is not looked up.
  ///
  /// - Parameter doWithout: told where nobody named a file and the default one is not this user's to read, for which the
  ///   defaults hold then; nil refuses it.
  public static func load(
    _ path: String? = nil, for use: ConfigurationUse = .daemon, environment: [String: String],
    defaultPath: String = Configuration.defaultPath, doWithout: ((SettingsFault) -> Void)? = nil
  ) throws(SettingsError) -> Configuration {
    let named = path ?? environment["BIZCLOCK_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let file = named ?? defaultPath
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(file)
    } catch {
      // Only a file that nobody asked for may be missing; one that cannot be read must not fork the data.
      if error.isMissing, named == nil {
        return try parse(nil, file: nil, for: use, environment: environment, hasPolicy: isThere)
      }
      let fault = SettingsFault(file: file, message: "cannot be read: \(error)")
      if error.isDenied, named == nil, let doWithout {
        doWithout(fault)
        return try parse(nil, file: nil, for: use, environment: environment, hasPolicy: isThere)
      }
      throw SettingsError(fault)
    }
    do {
      return try parse(
        PolicyDocuments.text(of: bytes), file: file, for: use, environment: environment, hasPolicy: isThere)
    } catch let error as Complaint {
      throw SettingsError(SettingsFault(file: file, message: error.message))
    } catch let error as SettingsError {
      throw error
    } catch {
      throw SettingsError(SettingsFault(file: file, message: "\(error)"))
    }
  }

  /// Whether a file is there, be it one that cannot be read.
  private static func isThere(_ path: String) -> Bool {
    do {
      _ = try FileBytes.read(path)
      return true
    } catch {
      return !error.isMissing
    }
  }

  /// Reads a configuration's text, nil for none, with what the environment overrides; all faults are in the error.
  ///
  /// Where the text names no policy, the file `policy.yaml` beside it is meant if `hasPolicy` says that it is there,
  /// else the shipped policy.
  public static func parse(
    _ text: String?, file: String?, for use: ConfigurationUse = .daemon, environment: [String: String] = [:],
    hasPolicy: (String) -> Bool = { _ in true }
  ) throws(SettingsError) -> Configuration {
    let log = FaultLog()
    let configuration = withoutActuallyEscaping(hasPolicy) { hasPolicy in
      ConfigurationReader(file: file, environment: environment, log: log, use: use, hasPolicy: hasPolicy)
        .read(text)
    }
    try log.check()
    return configuration
  }
}

extension Configuration: CustomStringConvertible {
  /// A line that is safe to log.
  public var description: String {
    "configuration \(file ?? "(none)"): database \(database), state \(stateDirectory), http \(http.listen), "
      + "\(feeds.count) feeds, policy \(policy ?? "(shipped)")"
  }
}

/// The HTTP service's settings.
public struct HTTPSettings: Sendable, Equatable {
  /// Where it listens.
  public var listen: ListenAddress
  /// The file of bearer tokens; nil lets nobody in.
  public var tokens: String?
  /// Most bytes of a posted body, decompressed.
  public var bodyLimit = 4 << 20
  /// How long a posted body may take to come, in microseconds.
  public var bodyTime: Int64 = 30_000_000
  /// Settings; arguments as the properties. Without an address it is the one of the contract.
  public init(listen: ListenAddress? = nil, tokens: String? = nil) {
    self.listen = listen ?? ListenAddress()
    self.tokens = tokens
  }
}

/// A host and a port.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// An address or a name; IPv6 without brackets.
  public var host: String
  /// 0…65,535; 0 lets the system choose.
  public var port: Int
  /// An address; by default the one of the contract.
  public init(host: String = "127.0.0.1", port: Int = 8347) {
    self.host = host
    self.port = port
  }
  /// `host:port`.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Reads `host:port` or `[IPv6]:port`.
  init(settingsText text: String) throws(Complaint) {
    let complaint = Complaint(
      "\"\(text)\" is not an address to listen on; write host:port, for example 127.0.0.1:8347")
    guard let colon = text.lastIndex(of: ":") else { throw complaint }
    guard let port = WholeNumber.parse(text[text.index(after: colon)...]), port <= 65_535 else { throw complaint }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw complaint
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else { throw complaint }
    self.init(host: String(host), port: port)
  }
}

/// How alerts are told.
public struct AlertSettings: Sendable, Equatable {
  /// A level this much before its start event was known is history and does not page; microseconds.
  public var retrospectiveAfter: Int64
  /// Whether names of natural persons are shown.
  public var showIndividualNames: Bool
  /// Settings; by default 24 h, and names hidden.
  public init(retrospectiveAfter: Int64 = 24 * 3_600_000_000, showIndividualNames: Bool = false) {
    self.retrospectiveAfter = retrospectiveAfter
    self.showIndividualNames = showIndividualNames
  }
}
