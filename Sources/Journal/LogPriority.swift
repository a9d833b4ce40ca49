/// The priority of a record, with the numbers of syslog(3): the lower, the graver.
public enum LogPriority: Int, CaseIterable, Hashable, Comparable, Sendable {
  case emergency = 0
  case alert = 1
  case critical = 2
  case error = 3
  case warning = 4
  case notice = 5
  case info = 6
  case debug = 7

  /// The name as it is written, for example `warning`.
  public var name: String {
    switch self {
    case .emergency: "emergency"
    case .alert: "alert"
    case .critical: "critical"
    case .error: "error"
    case .warning: "warning"
    case .notice: "notice"
    case .info: "info"
    case .debug: "debug"
    }
  }

  /// The priority of a name; nil for any other text.
  public init?(name: String) {
    guard let priority = LogPriority.allCases.first(where: { $0.name == name }) else { return nil }
    self = priority
  }

  /// Orders by number, so `.error < .info` and the graver priority is the smaller.
  public static func < (a: LogPriority, b: LogPriority) -> Bool { a.rawValue < b.rawValue }
}
