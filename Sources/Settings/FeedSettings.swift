import ServiceTime

/// A source of events as the configuration describes it.
public struct FeedSettings: Sendable, Equatable {
  /// How events arrive.
  public enum Kind: String, Sendable, CaseIterable {
    /// Files put into a folder.
    case spool
    /// A front-end exchange database (前置库) that is polled.
    case exchange
    /// Posted over HTTP.
    case http
  }
  /// How files are written.
  public enum Format: String, Sendable, CaseIterable {
    /// A JSON object a line.
    case ndjson
    /// Comma-separated values with a header row.
    case csv
  }
  /// The bytes' encoding.
  public enum Encoding: String, Sendable, CaseIterable {
    /// Found out: a byte order mark, UTF-16, UTF-8 or GB18030.
    case auto
    /// UTF-8.
    case utf8 = "utf-8"
    /// GB18030, which holds GBK and GB 2312.
    case gb18030
    /// UTF-16, the low byte first.
    case utf16LittleEndian = "utf-16le"
    /// UTF-16, the high byte first.
    case utf16BigEndian = "utf-16be"
  }
  /// Its name, unique.
  public var name: String
  /// The `source` that its events carry; part of their identity.
  public var source: String
  /// How events arrive.
  public var kind: Kind
  /// The spool folder.
  public var directory: String?
  /// How files are written.
  public var format: Format
  /// After how long without events it counts as silent; nil never.
  public var silence: Silence?
  /// The zone of times without offset; nil refuses such times.
  public var timeZone: String?
  /// The encoding of CSV files.
  public var encoding: Encoding
  /// The CSV delimiter, one ASCII character; nil finds it out.
  public var delimiter: UInt8?
  /// Further fields that are kept with the event.
  public var keep: [String]
  /// Which column makes which event field; empty takes the fields' own names.
  public var mapping: [String: FieldMapping]
  /// The events that a row tells, where it has a time column for each; empty where a row is one event.
  public var events: [RowEvent]
  /// Values of event fields where the row has none.
  public var defaults: [String: String]
  /// The exchange database.
  public var database: DatabaseLocation?
  /// The schema of the exchange tables.
  public var schema: String
  /// Whether an end time equal to the start time means "not ended yet".
  public var openIfEqual: Bool
  /// How the exchange database is read.
  public var exchange: ExchangeSettings

  /// A feed; arguments as the properties.
  public init(
    name: String, source: String, kind: Kind = .spool, directory: String? = nil, format: Format = .ndjson,
    silence: Silence? = nil, timeZone: String? = nil, encoding: Encoding = .auto, delimiter: UInt8? = nil,
    keep: [String] = [], mapping: [String: FieldMapping] = [:], events: [RowEvent] = [],
    defaults: [String: String] = [:],
    database: DatabaseLocation? = nil, schema: String = "public", openIfEqual: Bool = false,
    exchange: ExchangeSettings = ExchangeSettings()
  ) {
    self.name = name
    self.source = source
    self.kind = kind
    self.directory = directory
    self.format = format
    self.silence = silence
    self.timeZone = timeZone
    self.encoding = encoding
    self.delimiter = delimiter
    self.keep = keep
    self.mapping = mapping
    self.events = events
    self.defaults = defaults
    self.database = database
    self.schema = schema
    self.openIfEqual = openIfEqual
    self.exchange = exchange
  }
}

/// Where the value of an event field comes from.
public struct FieldMapping: Sendable, Equatable {
  /// The column, as its header names it.
  public var column: String
  /// What the column's texts stand for; texts not named stay as they are, unless `otherwise` says else.
  public var values: [String: String]
  /// What every text that is not named stands for; nil leaves it as it is.
  public var otherwise: String?

  /// A mapping; arguments as the properties.
  public init(column: String, values: [String: String] = [:], otherwise: String? = nil) {
    self.column = column
    self.values = values
    self.otherwise = otherwise
  }
}

/// One of the events of a row that has a time column for each: one row a case.
public struct RowEvent: Sendable, Equatable {
  /// The event's type.
  public var type: String
  /// Its step; nil takes the row's.
  public var step: String?
  /// The column of its time; where that is empty the event has not happened yet.
  public var occurredAt: String

  /// An event; arguments as the properties.
  public init(type: String, step: String? = nil, occurredAt: String) {
    self.type = type
    self.step = step
    self.occurredAt = occurredAt
  }
}

/// How long nothing may come before a feed counts as silent, in microseconds.
public enum Silence: Sendable, Hashable {
  /// Office time.
  case officeTime(Int64)
  /// Plain time.
  case plain(Int64)

  /// Reads `4 working_hours` or `8h`.
  init(settingsText text: String) throws(Complaint) {
    let time: Int64
    if text.contains(" ") {
      let (amount, unit) = try Limit.split(text, example: "4 working_hours, or 8h")
      guard unit == "working_hours" else {
        throw Complaint("\(unit) do not tell a silence; write for example 4 working_hours, or 8h")
      }
      time = try Limit.officeTime(amount)
      self = .officeTime(time)
    } else {
      time = try PlainTime.microseconds(text)
      self = .plain(time)
    }
    guard time > 0 else { throw Complaint("a silence must be more than 0; leave it out for none") }
  }

  /// When it has run out since an instant; nil while a closure without end lasts, which is no office time.
  public func runsOut(since start: Instant, _ calendar: WorkCalendar?) -> Instant? {
    switch self {
    case .plain(let time): start + time
    case .officeTime(let time): calendar?.instant(officeTime: time, after: start)
    }
  }
}

extension Silence: CustomStringConvertible {
  /// As configurations write it: `4 working_hours`, `1h30m`.
  public var description: String {
    switch self {
    case .officeTime(let time): return Limit.workingHours(time).description
    case .plain(let time):
      let seconds = time / 1_000_000
      let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
      return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }
  }
}
