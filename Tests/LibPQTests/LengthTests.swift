import Testing

@testable import LibPQ

/// Lengths of values: as they are told before, and where they are too long to be told.
@Suite struct LengthTests {
  @Test func theLengthOfAValueIsThatOfItsForm() {
    let values: [Parameter] = [
      .bool(true), .int4(1), .int8(1), .float8(1), .text("名"), .text(""), .bytea([1, 2]), .bytea([]),
      .timestamptz(0),
      .date(0), .jsonb("{}"), .boolArray([true, nil]), .int4Array([1, nil]), .int8Array([1, nil]),
      .textArray(["名a", nil, ""]), .timestamptzArray([0, nil]), .dateArray([0, nil]),
      .byteaArray([[1, 2, 3], nil, []]),
      .textArray([]), .byteaArray([]), .text(nil), .bytea(nil), .jsonb(nil), .bool(nil), .int4(nil), .int8(nil),
      .float8(nil), .timestamptz(nil), .date(nil),
    ]
    for value in values {
      let buffer = ByteBuffer()
      value.encode(into: buffer)
      #expect(buffer.count == value.length ?? 0, "\(value)")
      #expect(!buffer.hasTooLong)
    }
  }

  /// A length that four bytes cannot tell is told as an error, and nothing of it is sent.
  @Test func aCopyRefusesWhatIsTooLong() throws {
    let writes: [(inout CopyWriter) -> Void] = [
      { $0.text("123456789") }, { $0.bytea([UInt8](repeating: 0, count: 9)) }, { $0.jsonb("12345678") },
      { $0.int8Array([1, 2]) }, { $0.textArray(["12345678"]) },
    ]
    for (index, write) in writes.enumerated() {
      var sent = 0
      var writer = CopyWriter(longest: index < 3 ? 8 : 27) { buffer in sent += buffer.count }
      try writer.row(columns: 2)
      writer.text("12345678")
      write(&writer)
      let error = #expect(throws: PostgresError.self) { try writer.finish() }
      #expect(error?.kind == .usage)
      #expect(sent == 0)
    }
    var sent = 0
    var writer = CopyWriter(longest: 8) { buffer in sent += buffer.count }
    try writer.row(columns: 1)
    writer.text("12345678")
    try writer.finish()
    #expect(sent == 19 + 2 + 12 + 2)
  }
}
