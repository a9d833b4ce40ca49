/// The encoding of a CSV file's rows: as the feed says, or told from the first row that is not plain ASCII.
///
/// A row and not the whole file decides, so that a pipe can be read as it comes and the chunks in which the bytes
/// arrive change nothing. Commas, quotes and line breaks are never part of a longer character of GB18030: a row is
/// taken apart before it is converted.
struct RowEncoding {
  private enum Known {
    case utf8
    case gb18030
  }

  private var known: Known?
  private let converter = GB18030Converter()

  init(_ encoding: FeedDescription.Encoding) {
    switch encoding {
    case .auto: known = nil
    case .utf8: known = .utf8
    case .gb18030: known = .gb18030
    }
  }

  /// Notes that the file began with the byte order mark of UTF-8.
  mutating func sawMark() { known = .utf8 }

  /// Notes that a whole row was GB18030: one that is neither encoding tells nothing of the rows after it.
  mutating func sawGB18030() { known = .gb18030 }

  /// Whether the cells of a row must be converted.
  mutating func mustConvert(_ row: UnsafeBufferPointer<UInt8>) -> Bool {
    guard known != .utf8, !UTF8Check.isASCII(row) else { return false }
    if known == nil, UTF8Check.firstInvalid(row) == nil { known = .utf8 }
    return known != .utf8
  }

  /// The text in UTF-8, in the arena where it had to be converted.
  func convert(
    _ text: UnsafeBufferPointer<UInt8>, arena: ByteArena
  ) throws(FieldFault) -> UnsafeBufferPointer<UInt8> {
    if UTF8Check.isASCII(text) { return text }
    if let converted = converter.convert(text, arena: arena) { return converted }
    throw FieldFault(
      .badEncoding, nil,
      converter.isThere
        ? "The row is neither valid UTF-8 nor valid GB18030: save the file as UTF-8."
        : "The row is not valid UTF-8, and this system's C library has no table of GB18030: save the file as UTF-8."
    )
  }
}
