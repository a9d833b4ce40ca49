import ServiceTime

/// What a decoder must know of a feed: a plain value, without the feed's directory or connection.
public struct FeedDescription: Sendable, Equatable {
  /// The shape of the bytes.
  public enum Format: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case ndjson
    /// RFC 4180 with a header row.
    case csv
  }

  /// The text encoding.
  public enum Encoding: String, Sendable, CaseIterable {
    /// Told from the bytes: a byte order mark, else for CSV UTF-16, UTF-8 or GB18030 by the file's beginning.
    case auto
    /// UTF-8, with or without a byte order mark.
    case utf8 = "utf-8"
    /// GB18030, which holds GBK and GB 2312; for CSV. A byte order mark of UTF-8 overrules it.
    case gb18030
    /// UTF-16, the low byte first; for CSV. A byte order mark overrules it.
    case utf16LittleEndian = "utf-16le"
    /// UTF-16, the high byte first; for CSV. A byte order mark overrules it.
    case utf16BigEndian = "utf-16be"
  }

  /// What stands between the fields of a CSV row.
  public enum Delimiter: Sendable, Equatable {
    /// Told from the header: the one that gives the most known columns, then the most columns.
    case auto
    case comma
    case semicolon
    case tab
  }

  /// Where a field's value comes from.
  public struct Mapping: Sendable, Equatable {
    /// The CSV column or top-level JSON key.
    public var column: String
    /// The column's values and what they become; a value that is not here stays as it is.
    public var values: [String: String]
    /// What a value that is not in `values` becomes; nil leaves it as it is.
    public var otherwise: String?

    /// A mapping; without values and otherwise the column is taken as it is.
    public init(column: String, values: [String: String] = [:], otherwise: String? = nil) {
      self.column = column
      self.values = values
      self.otherwise = otherwise
    }

    var translates: Bool { !values.isEmpty || otherwise != nil }
  }

  /// One of several events that a row tells, each with a time of its own: one row a case.
  public struct Milestone: Sendable, Equatable {
    /// The event's type.
    public var type: String
    /// The event's step; nil takes the row's.
    public var step: String?
    /// The CSV column or top-level JSON key of its time; where that is empty it has not happened yet.
    public var column: String

    /// A milestone; arguments as the properties.
    public init(type: String, step: String? = nil, column: String) {
      self.type = type
      self.step = step
      self.column = column
    }
  }

  /// The feed's name, for messages and positions.
  public var name: String
  /// The source of events that name none, 1–255 characters.
  public var source: Identifier
  /// The shape of the bytes.
  public var format: Format
  /// The text encoding.
  public var encoding: Encoding
  /// What stands between the fields of a CSV row.
  public var delimiter: Delimiter
  /// The zone of times without an offset; nil refuses them.
  public var timeZone: TimeZoneTable?
  /// Fields beside the contract that are kept, by column or key.
  public var keep: [String]
  /// Where fields come from; a field without a mapping comes from the column of its own name, unless the mapping
  /// of another field names that column.
  public var mapping: [EventField: Mapping]
  /// The events of a row that has a time for each, at most `FeedLimits.milestones`; empty where a row is one event.
  public var milestones: [Milestone]
  /// Values of fields that a line leaves out, written as in a CSV cell.
  public var defaults: [EventField: String]
  /// The processes of the policy; a named process not among them is refused. Empty means no check.
  public var knownProcesses: Set<String>
  /// How rows of an exchange database are understood; nil where the feed is none.
  public var exchange: ExchangeDescription?

  /// A feed of contract-named fields; everything beside the first three has the usual default.
  public init(
    name: String, source: Identifier, format: Format, encoding: Encoding = .auto, delimiter: Delimiter = .auto,
    timeZone: TimeZoneTable? = nil, keep: [String] = [], mapping: [EventField: Mapping] = [:],
    milestones: [Milestone] = [], defaults: [EventField: String] = [:], knownProcesses: Set<String> = [],
    exchange: ExchangeDescription? = nil
  ) {
    self.name = name
    self.source = source
    self.format = format
    self.encoding = encoding
    self.delimiter = delimiter
    self.timeZone = timeZone
    self.keep = keep
    self.mapping = mapping
    self.milestones = milestones
    self.defaults = defaults
    self.knownProcesses = knownProcesses
    self.exchange = exchange
  }
}
