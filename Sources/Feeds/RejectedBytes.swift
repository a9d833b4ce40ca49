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

  /// A refused row with what must stand before it to be read again: a file of its own.
  public static func file(header: [UInt8], row: [UInt8]) -> [UInt8] {
    guard case .utf16(let order)? = ByteOrderMark.find(header) else { return header + [0x0A] + row }
    return header + order.lineFeed + row
  }

  private var mark: ByteOrderMark? { header.flatMap { ByteOrderMark.find($0) } }

  private var order: UTF16Order? {
    guard feed.format == .csv else { return nil }
    if case .utf16(let order)? = mark { return order }
    return feed.encoding == .utf16LittleEndian ? .little : feed.encoding == .utf16BigEndian ? .big : nil
  }

  /// The characters; nil if the bytes are not whole text of the feed's encoding.
  public var characters: [Character]? {
    let (characters, bad) = decoded(bytes)
    return bad == nil ? characters : nil
  }

  /// The characters of the header row; nil without one, or if it is no text.
  public var headerText: String? {
    guard let header else { return nil }
    let (characters, bad) = decoded(Array(header.dropFirst(mark?.bytes.count ?? 0)))
    return bad == nil && !characters.isEmpty ? characters.map(\.text).joined() : nil
  }

  /// Index of the first byte that is no text of the feed's encoding; nil if all are.
  public var firstBad: Int? { decoded(bytes).bad }

  /// The characters up to the first byte that is none.
  private func decoded(_ bytes: [UInt8]) -> (characters: [Character], bad: Int?) {
    if let order { return RejectedBytes.utf16(bytes, order) }
    return bytes.withUnsafeBufferPointer { bytes in
      let bad = UTF8Check.firstInvalid(bytes)
      if feed.format == .csv, !UTF8Check.isASCII(bytes), mark != .utf8,
        feed.encoding == .gb18030 || mark == .gb18030 || feed.encoding == .auto && bad != nil
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

  private static func utf16(_ bytes: [UInt8], _ order: UTF16Order) -> (characters: [Character], bad: Int?) {
    var units: [UInt16] = []
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for at in stride(from: 0, to: bytes.count - 1, by: 2) { units.append(order.unit(base, at)) }
    }
    var characters: [Character] = []
    var at = 0
    while at < units.count {
      let isPair = units[at] & 0xFC00 == 0xD800 && at + 1 < units.count && units[at + 1] & 0xFC00 == 0xDC00
      guard isPair || units[at] & 0xF800 != 0xD800 else { return (characters, at * 2) }
      let length = isPair ? 2 : 1
      characters.append(
        Character(text: String(decoding: units[at..<at + length], as: UTF16.self), length: length * 2))
      at += length
    }
    return (characters, bytes.count % 2 == 0 ? nil : bytes.count - 1)
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
    var found: Range<Int>?
    JSONMembers.each(of: line) { key, value in
      if isMeant(key) { found = value }
      return found == nil
    }
    return found
  }

  /// The cell of the first column that is meant.
  private func cell(
    of row: UnsafeBufferPointer<UInt8>, _ keys: KeyTable, _ isMeant: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Range<Int>? {
    guard let text = headerText else { return nil }
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
    guard order != nil else { return RejectedBytes.cell(column, columns.0, of: row) }
    guard let characters else { return nil }
    let utf8 = Array(characters.map(\.text).joined().utf8)
    return utf8.withUnsafeBufferPointer { text in
      RejectedBytes.cell(column, columns.0, of: text).map { range in
        let original = OriginalText.utf16(.little)
        let start = original.length(of: UnsafeBufferPointer(rebasing: text[..<range.lowerBound]))
        return start..<start + original.length(of: UnsafeBufferPointer(rebasing: text[range]))
      }
    }
  }

  private static func cell(_ column: Int, _ delimiter: UInt8, of row: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    guard let base = row.baseAddress else { return nil }
    var scanner = CSVScanner(delimiter: delimiter)
    guard case .row = scanner.scan(row, isLast: true), column < scanner.cells.count else { return nil }
    let cell = scanner.cells[column].bytes
    guard let start = cell.baseAddress else { return nil }
    return (start - base)..<(start - base + cell.count)
  }
}
