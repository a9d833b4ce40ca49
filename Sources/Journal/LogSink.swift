/// Where records go.
///
/// A sink never waits without bound: what the other side does not take in time is counted in `dropped` and reported
/// to the caller, who alone knows whether to try again.
public protocol LogSink: Sendable {
  /// Writes one record; true once the whole line was handed to the kernel, so that it may be marked as logged.
  @discardableResult
  func write(_ record: LogRecord) -> Bool

  /// Writes records in order and returns how many of them, counted from the first, were written whole.
  ///
  /// It stops at the first that cannot be written; the rest counts as dropped.
  @discardableResult
  func write(contentsOf records: [LogRecord]) -> Int

  /// How many times a record was refused since the sink was made; a record tried again and refused counts again.
  var dropped: Int { get }
}
