/// Limits on what a feed may send, and on what one batch may hold.
public enum FeedLimits {
  /// Longest line or row in bytes, its line break not counted.
  public static let lineBytes = 1 << 20
  /// Bytes kept of a line longer than that.
  public static let truncatedBytes = 64 << 10
  /// Bytes of a CSV file's beginning that are looked at to find out its encoding, delimiter and header.
  public static let headBytes = 64 << 10
  /// Most columns of a CSV file: as many as a spreadsheet can have.
  public static let columns = 16_384
  /// Most events that one row may tell.
  public static let milestones = 32
  /// Deepest nesting of a JSON line; its own object is level 1.
  public static let nesting = 32
  /// How far ahead of now a time may lie, in microseconds.
  public static let futureTolerance: Int64 = 5 * 60 * 1_000_000
  /// Bytes asked of a source at a time.
  public static let chunkBytes = 256 << 10
  /// Input bytes after which a batch ends even if it holds few events.
  public static let batchBytes = 16 << 20
  /// Bytes after which a batch ends that quarantine has to store, were all of its rows refused: there each has the file's
  /// header row beside it, which may be many times as long.
  public static let quarantineBytes = 32 << 20
  /// Most lines or CloudEvents of a body in memory, and of bodies that share a commit: each may become an entry of
  /// quarantine that is many times as long.
  public static let bodyRecords = 50_000
  /// Most characters of a kept number before its exponent; PostgreSQL's numbers, which hold what is kept, go to
  /// 131,072 digits before the point and 16,383 after it.
  public static let numberDigits = 1_000
  /// Most digits of a kept number's exponent.
  public static let exponentDigits = 3
  /// Most tags an event may carry.
  public static let tags = 256
}
