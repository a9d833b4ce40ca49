/// What stands where in the bytes of a refused line or row, for people who look at it.
public struct RejectedBytes {
  /// A character, and how many bytes it takes as it came.
  public struct Character: Sendable, Equatable {
    /// The character in Unicode.
    public var text: String
    /// Its bytes.
    public var length: Int
  }

  private let bytes: [UInt8]
  private let header: [UInt8]?
  private let feed: FeedDescription

  /// The bytes with the header row that belongs to them, as a feed reads them.
  public init(_ bytes: [UInt8], header: [UInt8]?, feed: FeedDescription) {
    self.bytes = bytes
    self.header = header
    self.feed = feed
  }

  // MARK: Text

  /// The characters; nil if the bytes are not whole text of the feed's encoding.
  public var characters: [Character]? {
    let (characters, bad) = decoded(bytes)
    return bad == nil ? characters : nil
  }

  /// The characters of the header row; nil without one, or if it is no text.
  public var headerText: String? {
    guard let header else { return nil }
    let (characters, bad) = decoded(header)
    return bad == nil ? characters.map(\.text).joined() : nil
  }

  /// Index of the first byte that is no text of the feed's encoding; nil if all are.
  public var firstBad: Int? { decoded(bytes).bad }

  /// The characters up to the first byte that is none.
  private func decoded(_ bytes: [UInt8]) -> (characters: [Character], bad: Int?) {
    bytes.withUnsafeBufferPointer { bytes in
      let bad = UTF8Check.firstInvalid(bytes)
      if feed.format == .csv, !UTF8Check.isASCII(bytes),
        feed.encoding == .gb18030 || feed.encoding == .auto && bad != nil
      {
        return RejectedBytes.gb18030(bytes)
      }
      let text = UnsafeBufferPointer(rebasing: bytes[..<(bad ?? bytes.count)])
      let characters = String(decoding: text, as: UTF8.self).unicodeScalars.map {
        Character(text: String($0), length: UTF8.width($0))
      }
      return (characters, bad)
    }
  }

  private static func gb18030(_ bytes: UnsafeBufferPointer<UInt8>) -> (characters: [Character], bad: Int?) {
    let converter = GB18030Converter()
    let arena = ByteArena()
    var characters: [Character] = []
    var at = 0
    while at < bytes.count {
      let length = gb18030Length(bytes, at)
      arena.reset(capacity: 16)
      guard length <= bytes.count - at,
        let text = converter.convert(UnsafeBufferPointer(rebasing: bytes[at..<at + length]), arena: arena)
      else { return (characters, at) }
      characters.append(Character(text: String(decoding: text, as: UTF8.self), length: length))
      at += length
    }
    return (characters, nil)
  }

  /// One byte for ASCII, four where a digit follows the first, else two.
  private static func gb18030Length(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
    if bytes[at] < 0x80 { return 1 }
    guard at + 1 < bytes.count else { return 2 }
    return bytes[at + 1] &- 0x30 < 10 ? 4 : 2
  }

  // MARK: Fields

  /// The bytes of a field's value: a JSON value, or a cell between its quotes; nil where the line does not have it, or
  /// cannot be taken apart.
  public func place(of name: String) -> Range<Int>? {
    let keys = KeyTable(feed: feed)
    func isMeant(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
      if let field = EventField(rawValue: name) {
        return keys.role(of: key).map { $0.fields & field.bit != 0 } ?? false
      }
      return key.elementsEqual(name.utf8)
    }
    return bytes.withUnsafeBufferPointer { bytes in
      switch feed.format {
      case .ndjson: RejectedBytes.member(of: bytes, isMeant)
      case .csv: cell(of: bytes, keys, isMeant)
      }
    }
  }

  /// The value of the first key of a JSON object that is meant.
  private static func member(
    of line: UnsafeBufferPointer<UInt8>, _ isMeant: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Range<Int>? {
    guard let base = line.baseAddress else { return nil }
    let arena = ByteArena()
    arena.reset(capacity: line.count)
    var scanner = JSONScanner(base: base, count: line.count)
    do throws(JSONScanner.Fault) {
      scanner.skipBlanks()
      try scanner.expect(UInt8(ascii: "{"), "")
      scanner.skipBlanks()
      while scanner.current == UInt8(ascii: "\"") {
        let key = JSONScanner.plain(try scanner.scanString(), arena: arena)
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: ":"), "")
        scanner.skipBlanks()
        let start = scanner.at
        try scanner.skipValue(level: 2)
        if isMeant(key) { return start..<scanner.at }
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: ","), "")
        scanner.skipBlanks()
      }
    } catch {
      return nil
    }
    return nil
  }

  /// The cell of the first column that is meant.
  private func cell(
    of row: UnsafeBufferPointer<UInt8>, _ keys: KeyTable, _ isMeant: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Range<Int>? {
    guard let text = headerText, let base = row.baseAddress else { return nil }
    // Neither delimiters nor quotes are part of a longer character: the header may be taken apart in UTF-8.
    let columns = Array(text.utf8).withUnsafeBufferPointer { header -> (UInt8, Int?) in
      let delimiter =
        switch feed.delimiter {
        case .auto: CSVHeader.delimiter(of: header, keys: keys)
        case .comma: UInt8(ascii: ",")
        case .semicolon: UInt8(ascii: ";")
        case .tab: UInt8(0x09)
        }
      var scanner = CSVScanner(delimiter: delimiter)
      _ = scanner.scan(header, isLast: true)
      return (delimiter, scanner.cells.firstIndex { isMeant(CellText.trimmed($0.bytes)) })
    }
    guard let column = columns.1 else { return nil }
    var scanner = CSVScanner(delimiter: columns.0)
    guard case .row = scanner.scan(row, isLast: true), column < scanner.cells.count else { return nil }
    let cell = scanner.cells[column].bytes
    guard let start = cell.baseAddress else { return nil }
    return (start - base)..<(start - base + cell.count)
  }
}
