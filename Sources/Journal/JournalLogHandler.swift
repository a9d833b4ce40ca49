import Logging

/// Sends the messages of swift-log through a sink, metadata as fields.
///
/// Metadata `event` with a name of `LogEvent` becomes the event of the record. A nested dictionary becomes
/// `key.inner`, an array its description; fields are in the order of their names, after `logger` and before `error`.
public struct JournalLogHandler: LogHandler {
  /// The name of the logger, written as `logger`.
  public let label: String
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata
  public var metadataProvider: Logger.MetadataProvider?

  private let sink: any LogSink
  private let now: @Sendable () -> Int64

  /// A handler over a sink; `now` gives microseconds since 1970.
  public init(
    label: String, sink: any LogSink, logLevel: Logger.Level = .info, metadata: Logger.Metadata = [:],
    metadataProvider: Logger.MetadataProvider? = nil, now: @escaping @Sendable () -> Int64
  ) {
    self.label = label
    self.sink = sink
    self.logLevel = logLevel
    self.metadata = metadata
    self.metadataProvider = metadataProvider
    self.now = now
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: Logging.LogEvent) {
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { _, later in later } }
    if let own = event.metadata { merged.merge(own) { _, later in later } }

    var record = LogRecord(
      time: now(), priority: LogPriority(event.level), message: event.message.description,
      fields: ["logger": .text(label)])
    if let known = merged["event"].flatMap({ LogEvent(rawValue: $0.description) }) {
      record.event = known
      merged["event"] = nil
    }
    JournalLogHandler.add(merged, to: &record, prefix: "")
    if let error = event.error, record["error"] == nil {
      record.set("error", .text("\(error)"))
      record.set("error_type", .text(String(reflecting: type(of: error))))
    }
    sink.write(record)
  }

  private static func add(_ metadata: Logger.Metadata, to record: inout LogRecord, prefix: String) {
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      if case .dictionary(let inner) = value {
        add(inner, to: &record, prefix: prefix + key + ".")
      } else {
        record.set(prefix + key, LogValue(value))
      }
    }
  }
}

extension LogPriority {
  /// The priority of a level of swift-log; `trace` is `debug`, and `critical` is the gravest.
  public init(_ level: Logger.Level) {
    switch level {
    case .trace, .debug: self = .debug
    case .info: self = .info
    case .notice: self = .notice
    case .warning: self = .warning
    case .error: self = .error
    case .critical: self = .critical
    }
  }
}

extension LogValue {
  /// The value of metadata: numbers and truth values stay what they are, all else is its description.
  init(_ value: Logger.MetadataValue) {
    guard case .stringConvertible(let convertible) = value else {
      self = .text(value.description)
      return
    }
    switch convertible {
    case let bool as Bool: self = .bool(bool)
    case let double as Double: self = .double(double)
    case let float as Float: self = .double(Double(float))
    case let integer as any BinaryInteger:
      self = Int64(exactly: integer).map(LogValue.integer) ?? .text(convertible.description)
    default: self = .text(convertible.description)
    }
  }
}
