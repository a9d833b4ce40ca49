import ServiceTime

/// A row of an exchange table, as texts.
public struct ExchangeRow: Sendable, Equatable {
  /// One value with its column.
  public struct Cell: Sendable, Equatable {
    /// The column.
    public var column: String
    /// The text's bytes; at most `longest` characters and one more.
    public let bytes: [UInt8]
    /// Whether the bytes are text; if not, they are as they stand there, in whatever encoding.
    public let isText: Bool

    /// A value; arguments as the properties, but that only UTF-8 is text.
    public init(column: String, bytes: [UInt8], isText: Bool = true) {
      self.column = column
      self.bytes = bytes
      self.isText = isText && bytes.withUnsafeBufferPointer { UTF8Check.firstInvalid($0) } == nil
    }
  }

  /// Most characters of a value.
  public static let longest = 2_000

  /// Its table.
  public var table: ExchangeTable
  /// `cd_time` on the wall of those who write it; nil where it tells none.
  public var version: LocalTime?
  /// Its values, without those that are null.
  public var cells: [Cell]

  /// A row.
  public init(_ table: ExchangeTable, version: LocalTime? = nil, cells: [Cell]) {
    self.table = table
    self.version = version
    self.cells = cells
  }

  /// The bytes of a value, blanks around it left out; nil where it is null or blank.
  func value(_ column: String) -> [UInt8]? {
    guard let cell = cells.first(where: { $0.column == column }) else { return nil }
    let bytes = cell.bytes.withUnsafeBufferPointer { Array(CellText.trimmed($0)) }
    return bytes.isEmpty ? nil : bytes
  }

  /// The text of a value; nil where it is null or blank.
  public func text(_ column: String) -> String? { value(column).map { String(decoding: $0, as: UTF8.self) } }

  /// What tells the row from all others of its table: its `row_guid`, or a hash of its contents where it has none, and of
  /// the `row_guid` where that would fit no index or is no text.
  public var identity: String {
    guard let guid = value("row_guid") else { return "?" + ExchangeEventID.digits(ExchangeEventID.hash([content])) }
    let isText = cells.contains { $0.column == "row_guid" && $0.isText }
    guard isText, guid.count <= ExchangeEventID.longestGUID * 4 else {
      return "?" + ExchangeEventID.digits(ExchangeEventID.hash([guid]))
    }
    return String(decoding: guid, as: UTF8.self)
  }

  /// What the row says, without what says when and how it was written there.
  var content: [UInt8] {
    ExchangeRow.json(table, cells.filter { $0.column != "cd_operation" && $0.column != "cd_time" })
  }

  // MARK: JSON

  /// The row as a JSON object of its table and columns: how the quarantine keeps it.
  public var json: [UInt8] { ExchangeRow.json(table, cells) }

  private static func json(_ table: ExchangeTable, _ cells: [Cell]) -> [UInt8] {
    var out = Array("{\"table\":\"\(table.rawValue)\"".utf8)
    for cell in cells {
      out.append(UInt8(ascii: ","))
      out += JSONText.quoted(cell.column)
      out.append(UInt8(ascii: ":"))
      if cell.isText {
        out += JSONText.quoted(String(decoding: cell.bytes, as: UTF8.self))
      } else {
        // What is no text stays as it is, for people to see.
        out += Array("{\"hex\":\"".utf8)
        for byte in cell.bytes { out += Array((byte < 16 ? "0" : "").utf8) + Array(String(byte, radix: 16).utf8) }
        out += Array("\"}".utf8)
      }
    }
    out.append(UInt8(ascii: "}"))
    return out
  }

  /// Reads what `json` wrote; nil for anything else.
  public init?(json: [UInt8]) {
    var table: ExchangeTable?
    var cells: [Cell] = []
    json.withUnsafeBufferPointer { line in
      let arena = ByteArena()
      arena.reset(capacity: line.count)
      JSONMembers.each(of: line) { key, place in
        let name = String(decoding: key, as: UTF8.self)
        let value = ExchangeRow.value(UnsafeBufferPointer(rebasing: line[place]), arena)
        if name == "table" {
          table = value.flatMap { ExchangeTable(rawValue: String(decoding: $0.bytes, as: UTF8.self)) }
        } else if let value {
          cells.append(Cell(column: name, bytes: value.bytes, isText: value.isText))
        }
        return true
      }
    }
    guard let table else { return nil }
    self.init(table, cells: cells)
    version = text("cd_time").flatMap { ExchangeQuery.time(ExchangeQuery.key(digitsOf: $0)) }
  }

  private static func value(
    _ value: UnsafeBufferPointer<UInt8>, _ arena: ByteArena
  ) -> (bytes: [UInt8], isText: Bool)? {
    guard let base = value.baseAddress else { return nil }
    var scanner = JSONScanner(base: base, count: value.count)
    if scanner.current == UInt8(ascii: "\""), let text = try? scanner.scanString() {
      return (Array(JSONScanner.plain(text, arena: arena)), true)
    }
    var bytes: [UInt8]?
    JSONMembers.each(of: value) { key, place in
      guard key.elementsEqual("hex".utf8) else { return true }
      let digits = value[place].compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
      bytes = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
      return false
    }
    return bytes.map { ($0, false) }
  }
}
