/// The encoding of a CSV file's rows: as the feed says, or found out.
///
/// The beginning of the file tells it, or the first row after that which is not plain ASCII; from then on it does not
/// change. Commas, quotes and line breaks are never part of a longer character of GB18030: a row is taken apart before
/// it is converted.
struct RowEncoding {
  enum Known {
    case utf8
    case gb18030
  }

  private(set) var known: Known?
  let converter = GB18030Converter()

  init(_ encoding: FeedDescription.Encoding) {
    switch encoding {
    case .auto: known = nil
    case .gb18030: known = .gb18030
    // What was UTF-16 has been turned into UTF-8.
    case .utf8, .utf16LittleEndian, .utf16BigEndian: known = .utf8
    }
  }

  /// Notes what a byte order mark tells.
  mutating func sawMark(_ encoding: Known) { known = encoding }

  /// Looks at the beginning of the file, whole lines of it.
  mutating func see(_ head: UnsafeBufferPointer<UInt8>) {
    if known == nil { known = EncodingGuess.text(head, converter) }
  }

  /// Notes that a whole row was GB18030: one that is neither encoding tells nothing of the rows after it.
  mutating func sawGB18030() { known = .gb18030 }

  /// Whether the cells of a row must be converted.
  mutating func mustConvert(_ row: UnsafeBufferPointer<UInt8>) -> Bool {
    guard known != .utf8, !UTF8Check.isASCII(row) else { return false }
    if known == nil, UTF8Check.firstInvalid(row) == nil { known = .utf8 }
    return known != .utf8
  }

  /// Whether a row is UTF-8 in a file of GB18030.
  ///
  /// Much Chinese text in UTF-8 is GB18030 too, but means nothing then; the reverse hardly ever happens.
  func hasChanged(_ row: UnsafeBufferPointer<UInt8>) -> Bool {
    known == .gb18030 && UTF8Check.hasLongSequence(row) && UTF8Check.firstInvalid(row) == nil
  }

  static let changed = FieldFault(
    .badEncoding, nil,
    "The row is UTF-8 in a file that is GB18030: an encoding may not change within a file; save the file as UTF-8.")

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
