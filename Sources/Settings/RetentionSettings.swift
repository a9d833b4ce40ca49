/// How long what has been dealt with is kept; nil for ever.
public struct RetentionSettings: Sendable, Equatable {
  /// Quarantine entries, from when they were retried or discarded on; open ones stay. Microseconds.
  public var quarantine: Int64?
  /// Files of the spools' `done/`, from when they came there on. Microseconds.
  public var done: Int64?

  /// Settings; by default everything is kept.
  public init(quarantine: Int64? = nil, done: Int64? = nil) {
    self.quarantine = quarantine
    self.done = done
  }
}

/// Reads how long something is kept: `90 days`, `5 years`.
enum KeepingTime {
  private static let day: Int64 = 86_400_000_000

  /// Microseconds; a year has 366 days, so that nothing goes too early.
  static func microseconds(_ text: String) throws(Complaint) -> Int64 {
    let complaint = Complaint("\"\(text)\" is not how long to keep something; write for example 90 days or 5 years")
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, let number = WholeNumber.parse(words[0]) else { throw complaint }
    let days: Int
    switch words[1] {
    case "day", "days": days = number
    case "year", "years":
      guard number <= 200 else {
        throw Complaint("\(text) is more than 200 years; leave it out to keep everything")
      }
      days = number * 366
    default: throw complaint
    }
    guard days > 0 else { throw Complaint("\(text) would keep nothing; write at least 1 day") }
    guard days <= 73_200 else { throw Complaint("\(text) is more than 200 years; leave it out to keep everything") }
    return Int64(days) * day
  }
}

extension ConfigurationReader {
  static let retentionKeys = ["quarantine", "done"]

  func retention(_ field: Field?) -> RetentionSettings {
    guard let map = field?.map(keys: ConfigurationReader.retentionKeys) else { return RetentionSettings() }
    func time(_ key: String) -> Int64? {
      map[key]?.value { text throws(Complaint) in try KeepingTime.microseconds(text) }
    }
    return RetentionSettings(quarantine: time("quarantine"), done: time("done"))
  }
}
