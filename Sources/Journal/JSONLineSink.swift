import Glibc

/// Writes one JSON object a line:
/// `{"time":"2026-09-18T02:00:00.000000Z","priority":"error","event":"alert.raised","message":…, fields…}`.
public final class JSONLineSink: LogSink {
  private let writer: LineWriter<JSONLineFormat>

  /// A sink over a descriptor, standard error by default, that stays open as long as the sink is used.
  ///
  /// `patience` is the longest wait, in milliseconds, for a reader that takes nothing; with `prefixesPriority` a line
  /// begins with `<3>`, the priority as sd-daemon(3) writes it.
  public init(descriptor: Int32 = STDERR_FILENO, patience: Int = 1000, prefixesPriority: Bool = false) {
    writer = LineWriter(
      format: JSONLineFormat(prefixesPriority: prefixesPriority), descriptor: descriptor, patience: patience)
  }

  /// Writes one line with one write(2) where the descriptor takes it whole.
  @discardableResult
  public func write(_ record: LogRecord) -> Bool { writer.write(CollectionOfOne(record)) == 1 }

  /// Writes many lines with few calls of write(2), each of whole lines.
  @discardableResult
  public func write(contentsOf records: [LogRecord]) -> Int { writer.write(records) }

  /// How many times a record was refused.
  public var dropped: Int { writer.dropped }
}
