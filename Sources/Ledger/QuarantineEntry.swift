/// Input that could not be taken in, whole.
public struct QuarantineEntry: Sendable, Equatable {
  /// The file or stream it came in.
  public var origin: String
  /// Its line there, from 1.
  public var line: Int64
  /// Its first byte there, from 0.
  public var byteOffset: Int64
  /// Its length; `bytes` may be cut.
  public var totalBytes: Int64
  /// The reject code.
  public var code: String
  /// The field at fault, if one is.
  public var field: String?
  /// What is wrong and what to do.
  public var message: String
  /// The bytes as they came.
  public var bytes: [UInt8]
  /// The header row that a CSV row needs to be read again.
  public var header: [UInt8]?

  /// An entry.
  public init(
    origin: String, line: Int64, byteOffset: Int64, totalBytes: Int64, code: String, field: String? = nil,
    message: String, bytes: [UInt8], header: [UInt8]? = nil
  ) {
    self.origin = origin
    self.line = line
    self.byteOffset = byteOffset
    self.totalBytes = totalBytes
    self.code = code
    self.field = field
    self.message = message
    self.bytes = bytes
    self.header = header
  }
}
