import ServiceTime

/// Rows of one table of an exchange database as they are understood, to be taken in by one transaction.
public struct ExchangePage: Sendable {
  /// A row.
  public struct Row: Sendable, Equatable {
    /// What tells it from all others of its table.
    public var guid: String
    /// Its time there, in microseconds since 1970 on the wall of those who write it; `Int64.min` where it has none.
    public var version: Int64
    /// The same for rows that say the same.
    public var content: Int64
    /// When an end comes that it plans; nil if it plans none.
    public var plannedEnd: Instant?
    /// What the ids of its events begin with; ends in `/`.
    public var prefix: String
    /// Its events, under ids that follow from what they say.
    public var events: [Event]
    /// Why it is refused, with its bytes; nil if it is not.
    public var reject: QuarantineEntry?
    /// Its place, as quarantine entries name it.
    public var origin: String

    /// A row; arguments as the properties.
    public init(
      guid: String, version: Int64, content: Int64, plannedEnd: Instant? = nil, prefix: String, events: [Event],
      reject: QuarantineEntry?, origin: String
    ) {
      self.guid = guid
      self.version = version
      self.content = content
      self.plannedEnd = plannedEnd
      self.prefix = prefix
      self.events = events
      self.reject = reject
      self.origin = origin
    }
  }

  /// What is known once the rows are in.
  public enum Progress: Sendable, Equatable {
    /// All up to this time has been read; nil if no further than before.
    case read(through: Int64?)
    /// All up to this row_guid has been compared; nil: all has.
    case compared(through: String?)
    /// The rows of these guids, whose planned ends have come, have been read again.
    case ended([String])
  }

  /// The feed's name.
  public var feed: String
  /// The feed's source.
  public var source: String
  /// The table's name there.
  public var table: String
  /// The rows, each guid once.
  public var rows: [Row]
  /// How far they bring it.
  public var progress: Progress
  /// The position's revision before they were read.
  public var revision: Int64
  /// When they were received.
  public var receivedAt: Instant
  /// Whether the feed counts as silent as before, whatever they bring: not all that waits there could be read yet.
  public var staysStalled: Bool

  /// A page; arguments as the properties.
  public init(
    feed: String, source: String, table: String, rows: [Row], progress: Progress, revision: Int64,
    receivedAt: Instant, staysStalled: Bool = false
  ) {
    self.feed = feed
    self.source = source
    self.table = table
    self.rows = rows
    self.progress = progress
    self.revision = revision
    self.receivedAt = receivedAt
    self.staysStalled = staysStalled
  }
}

/// What became of a page.
public struct ExchangeOutcome: Sendable, Equatable {
  /// Its events, and what was quarantined.
  public var append = AppendOutcome()
  /// Rows that nothing was known of.
  public var new = 0
  /// Rows that said something else before.
  public var changed = 0
  /// Events of those that no longer hold.
  public var voided = 0

  /// Nothing yet.
  public init() {}
}
