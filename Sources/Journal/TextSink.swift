import Glibc

/// Writes lines for a person at a terminal: time, priority, message, then `key=value` for the main keys.
public final class TextSink: LogSink {
  /// When the priority is coloured.
  public enum Colour: Sendable {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    case automatic
    case never
    case always
  }

  /// Keys a person at a terminal rarely needs; the JSON lines hold them all.
  public static let minorKeys: Set<String> = [
    "revision", "level_at", "recorded_at", "service_window", "notify", "notify_region", "logger", "message_zh",
  ]

  private let writer: LineWriter<TextFormat>

  /// A sink over a descriptor, standard error by default, that stays open as long as the sink is used.
  ///
  /// `patience` is the longest wait, in milliseconds, for a terminal that takes nothing (Ctrl-S).
  public init(
    descriptor: Int32 = STDERR_FILENO, colour: Colour = .automatic, omitting omitted: Set<String> = minorKeys,
    patience: Int = 1000
  ) {
    let isColoured =
      switch colour {
      case .automatic: TextSink.takesColour(descriptor)
      case .never: false
      case .always: true
      }
    writer = LineWriter(
      format: TextFormat(isColoured: isColoured, omitted: omitted), descriptor: descriptor, patience: patience)
  }

  /// Writes one line.
  @discardableResult
  public func write(_ record: LogRecord) -> Bool { writer.write(CollectionOfOne(record)) == 1 }

  /// Writes many lines with few calls of write(2).
  @discardableResult
  public func write(contentsOf records: [LogRecord]) -> Int { writer.write(records) }

  /// How many times a record was refused.
  public var dropped: Int { writer.dropped }

  private static func takesColour(_ descriptor: Int32) -> Bool {
    guard isatty(descriptor) == 1 else { return false }
    if let refusal = getenv("NO_COLOR"), refusal.pointee != 0 { return false }
    return getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
  }
}
