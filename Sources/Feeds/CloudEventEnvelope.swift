/// The attributes of a CloudEvent 1.0 in JSON that an event takes something from, as bytes.
struct CloudEventEnvelope {
  /// Members of the object that mean something here; extensions but `sequence` are none.
  enum Member: String, CaseIterable {
    case specversion, id, source, type, subject, time, sequence, data
    case base64 = "data_base64"
  }

  /// Values by the members' order; null counts as absent.
  private var values: [EventDraft.Value?] = Array(repeating: nil, count: Member.allCases.count)
  /// Members that were named, be it with null, as bits.
  private var seen: UInt32 = 0
  /// Where the data object begins; nil where there is none.
  private(set) var dataStart: Int?

  /// The value of a member; nil if it has none.
  subscript(member: Member) -> EventDraft.Value? { values[CloudEventEnvelope.index(member)] }

  private static func index(_ member: Member) -> Int {
    switch member {
    case .specversion: 0
    case .id: 1
    case .source: 2
    case .type: 3
    case .subject: 4
    case .time: 5
    case .sequence: 6
    case .data: 7
    case .base64: 8
    }
  }

  /// Reads the object at the cursor to the end of the text; returns the first member that stands there twice.
  ///
  /// All of it is checked, what means nothing here too.
  mutating func read(_ scanner: inout JSONScanner, _ arena: ByteArena) throws(JSONScanner.Fault) -> FieldFault? {
    var found: FieldFault?
    scanner.skipBlanks()
    try scanner.expect(UInt8(ascii: "{"), "a CloudEvent must be one JSON object")
    scanner.skipBlanks()
    if scanner.current == UInt8(ascii: "}") {
      scanner.at += 1
    } else {
      while true {
        if let fault = try readMember(&scanner, arena), found == nil { found = fault }
        scanner.skipBlanks()
        if scanner.current == UInt8(ascii: "}") {
          scanner.at += 1
          break
        }
        try scanner.expect(UInt8(ascii: ","), "a comma or } is expected")
        scanner.skipBlanks()
      }
    }
    scanner.skipBlanks()
    guard scanner.at == scanner.end else {
      throw JSONScanner.Fault("something follows the object", at: scanner.at)
    }
    return found
  }

  private mutating func readMember(
    _ scanner: inout JSONScanner, _ arena: ByteArena
  ) throws(JSONScanner.Fault) -> FieldFault? {
    guard scanner.current == UInt8(ascii: "\"") else {
      throw JSONScanner.Fault("a key in quotes is expected", at: scanner.at)
    }
    let keyStart = scanner.at
    let key = JSONScanner.plain(try scanner.scanString(), arena: arena)
    scanner.skipBlanks()
    try scanner.expect(UInt8(ascii: ":"), "a colon is expected after a key")
    scanner.skipBlanks()
    // No name that is looked for is longer.
    guard key.count <= 11, let member = Member(rawValue: String(decoding: key, as: UTF8.self)) else {
      try scanner.skipValue(level: 2)
      return nil
    }
    let index = CloudEventEnvelope.index(member)
    let isNew = seen & 1 << UInt32(index) == 0
    seen |= 1 << UInt32(index)
    let start = scanner.at
    switch scanner.current {
    case UInt8(ascii: "\""):
      let text = JSONScanner.plain(try scanner.scanString(), arena: arena)
      values[index] = EventDraft.Value(bytes: text, form: .text)
    case UInt8(ascii: "n"):
      try scanner.scanLiteral("null")
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "t"), UInt8(ascii: "f"):
      if member == .data, scanner.current == UInt8(ascii: "{") { dataStart = start }
      try scanner.skipValue(level: 2)
      values[index] = EventDraft.Value(bytes: scanner.slice(from: start), form: .other)
    default:
      try scanner.scanNumber()
      values[index] = EventDraft.Value(bytes: scanner.slice(from: start), form: .number)
    }
    return isNew ? nil : NDJSONDecoder.repeatedKey(key, column: keyStart + 1)
  }
}
