import ServiceTime

/// What a feed's settings make of a file, for those who set the feed up; nothing is taken in.
public struct FeedSurvey: Sendable {
  /// A column of CSV, or a top-level key of NDJSON.
  public struct Column: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The event fields it gives, and the milestones whose time it is, as `type` or `type:step`.
    public var fields: [String]
    /// Whether the feed keeps it beside them.
    public var isKept: Bool
    /// Rows in which it is not empty.
    public var filled: Int
    /// Its values with their counts, most frequent first; empty where there are too many.
    public var values: [Value]

    /// Whether it is dropped.
    public var isUnmapped: Bool { fields.isEmpty && !isKept }
  }

  /// A value and how many rows have it.
  public struct Value: Sendable, Equatable {
    /// The text, blanks around it left out.
    public var text: String
    /// Rows.
    public var count: Int
  }

  /// A column that the feed's settings name and the file does not have.
  public struct Lack: Sendable, Equatable {
    /// The event field, the milestone, or `keep`.
    public var field: String
    /// The column.
    public var column: String
  }

  /// A value that the feed's mapping does not name.
  public struct UnmappedValue: Sendable, Equatable {
    /// The event field.
    public var field: String
    /// The column.
    public var column: String
    /// The value.
    public var text: String
    /// Rows.
    public var count: Int
    /// What it becomes: by `otherwise`, or itself.
    public var becomes: String
  }

  /// An event as it is understood.
  public struct Row: Sendable, Equatable {
    /// The line it stands on, from 1.
    public var line: Int
    /// The event.
    public var event: Event
  }

  /// The encoding, e.g. `UTF-8`.
  public var encoding = ""
  /// Whether a byte order mark told it.
  public var hasMark = false
  /// What stands between cells; nil for NDJSON.
  public var delimiter: String?
  /// Lines above the header that say nothing.
  public var titleLines = 0
  /// The columns in the file's order.
  public var columns: [Column] = []
  /// Columns that the settings name and the file does not have.
  public var lacks: [Lack] = []
  /// Values that the mapping does not name, most frequent first.
  public var unmappedValues: [UnmappedValue] = []
  /// Types that are no life-cycle types, with their counts.
  public var unknownTypes: [Value] = []
  /// The first events.
  public var rows: [Row] = []
  /// The first refused lines or rows.
  public var rejects: [Reject] = []
  /// Refused lines or rows by code.
  public var rejectCounts: [(code: RejectCode, count: Int)] = []
  /// All events.
  public var events = 0
  /// All refused lines or rows.
  public var refused = 0
  /// Lines or rows that say nothing.
  public var blank = 0
  /// What should be looked at, in plain sentences.
  public var remarks: [String] = []
  /// Settings that would understand more; nil where none are known.
  public var suggestion: FeedSuggestion?

  /// Nothing yet.
  public init() {}
}
