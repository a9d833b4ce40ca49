/// Why a line or row was refused; the raw values are the codes of the contract.
public enum RejectCode: String, Sendable, Hashable, CaseIterable {
  /// The bytes are not text of the input's encoding.
  case badEncoding = "bad_encoding"
  /// The line is not one JSON object.
  case badJSON = "bad_json"
  /// The row breaks RFC 4180 or does not fit the header.
  case badCSV = "bad_csv"
  /// The line is longer than 1 MiB.
  case tooLarge = "too_large"
  /// A required field is absent.
  case missingField = "missing_field"
  /// A field breaks its rule.
  case badField = "bad_field"
  /// The time cannot be read or is out of range.
  case badTime = "bad_time"
  /// The time is more than five minutes ahead.
  case futureTime = "future_time"
  /// The process is not one the policy names.
  case unknownProcess = "unknown_process"
  /// An identifier was turned into a rounded number, e.g. `4.69005E+17`.
  case corruptNumber = "corrupt_number"
  /// The same id with other contract fields; raised by the ledger, never by a decoder.
  case conflict
}

/// A line or row that did not become an event, whole, with the place and the reason.
public struct Reject: Sendable, Equatable {
  /// Where a refused line or row stands.
  public struct Position: Sendable, Equatable {
    /// Line number from 1; of a row over several lines the first.
    public var line: Int
    /// Bytes before the line or row in its file or body.
    public var byteOffset: Int
    /// Byte within the line or row from 1, where the fault has one.
    public var column: Int?
    /// Name of the contract field or of the column, where the fault has one.
    public var field: String?

    /// A position; `column` counts bytes from 1.
    public init(line: Int, byteOffset: Int, column: Int? = nil, field: String? = nil) {
      self.line = line
      self.byteOffset = byteOffset
      self.column = column
      self.field = field
    }
  }

  /// What kind of fault it is.
  public var code: RejectCode
  /// One plain sentence: the field, what is wrong, the remedy; control characters of the data are escaped.
  public var message: String
  /// Where it stands.
  public var position: Position
  /// The line or row without its line break; the first 64 KiB of one longer than 1 MiB.
  public var raw: [UInt8]
  /// Length of the whole line or row in bytes.
  public var rawLength: Int
  /// The header row that a CSV row needs to be read again, in the file's encoding, after the byte order mark of that
  /// where the row alone would not tell it; nil for NDJSON.
  public var header: [UInt8]?

  /// Whether `raw` is only the head of the line.
  public var isTruncated: Bool { raw.count < rawLength }

  /// A reject; `rawLength` is the length of `raw` unless given.
  public init(
    code: RejectCode, message: String, position: Position, raw: [UInt8], rawLength: Int? = nil,
    header: [UInt8]? = nil
  ) {
    self.code = code
    self.message = message
    self.position = position
    self.raw = raw
    self.rawLength = rawLength ?? raw.count
    self.header = header
  }
}

extension Reject {
  /// `length` is that of the line in the input, `textLength` in UTF-8, where that differs.
  static func tooLarge(
    head: [UInt8], length: Int, textLength: Int? = nil, at cursor: FeedCursor, header: [UInt8]?
  ) -> Reject {
    Reject(
      code: .tooLarge,
      message:
        "The line has \(textLength ?? length) bytes\(textLength == nil ? "" : " in UTF-8"); a line may have at "
        + "most \(FeedLimits.lineBytes): split it.",
      position: Position(line: cursor.line, byteOffset: cursor.offset), raw: head, rawLength: length,
      header: header)
  }
}
