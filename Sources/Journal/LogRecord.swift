/// One line of the log as a value.
public struct LogRecord: Hashable, Sendable {
  /// A named value of a record.
  public struct Field: Hashable, Sendable {
    /// The name in snake case, for example `case_id`.
    public let key: String
    /// The value.
    public fileprivate(set) var value: LogValue
  }

  /// When it happened: microseconds since 1970-01-01T00:00:00Z.
  public var time: Int64
  /// How grave it is.
  public var priority: LogPriority
  /// What happened, by the name monitoring knows; nil for a general message.
  public var event: LogEvent?
  /// One plain sentence for a person.
  public var message: String
  /// The fields in the order they were first set; no key occurs twice.
  public private(set) var fields: [Field] = []

  /// A record of a time in microseconds since 1970; fields as in `set(_:_:)`.
  public init(
    time: Int64, priority: LogPriority, event: LogEvent? = nil, message: String,
    fields: KeyValuePairs<String, LogValue> = [:]
  ) {
    self.time = time
    self.priority = priority
    self.event = event
    self.message = message
    self.fields.reserveCapacity(fields.count)
    for (key, value) in fields { set(key, value) }
  }

  /// Sets a field: a new key goes last, a known one keeps its place.
  ///
  /// The keys `time`, `priority`, `event` and `message` belong to the record itself; a field of that name is kept
  /// as `field_time` and so on, so that a line never holds one key twice.
  public mutating func set(_ key: String, _ value: LogValue) {
    let key = LogRecord.isReserved(key) ? "field_" + key : key
    if let index = fields.firstIndex(where: { $0.key == key }) {
      fields[index].value = value
    } else {
      fields.append(Field(key: key, value: value))
    }
  }

  /// The value of a field; nil if there is none of that key.
  public subscript(key: String) -> LogValue? { fields.first { $0.key == key }?.value }

  private static func isReserved(_ key: String) -> Bool {
    switch key {
    case "time", "priority", "event", "message": true
    default: false
    }
  }
}
