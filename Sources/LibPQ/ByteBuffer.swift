/// Bytes in the wire's order (big endian), growing, used again and again.
struct ByteBuffer {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  @inline(__always)
  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(contentsOf other: [UInt8]) { bytes.append(contentsOf: other) }

  /// A length and the bytes of a text; a NUL byte, which PostgreSQL cannot store, is for the server to refuse.
  mutating func appendSized(_ text: String) {
    append(Int32(text.utf8.count))
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  /// Writes a length at a place that was kept for it: of all that came after.
  mutating func setLength(at place: Int) {
    let length = Int32(truncatingIfNeeded: bytes.count - place - 4)
    withUnsafeBytes(of: length.bigEndian) { source in
      for (offset, byte) in source.enumerated() { bytes[place + offset] = byte }
    }
  }
}

/// PostgreSQL's epoch, 2000-01-01, against 1970-01-01.
enum PostgresEpoch {
  static let microseconds: Int64 = 946_684_800_000_000
  static let days: Int32 = 10_957
}

/// Type numbers (pg_type.oid) of what we send and read.
enum TypeOID {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let int8: UInt32 = 20
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let float8: UInt32 = 701
  static let date: UInt32 = 1082
  static let timestamptz: UInt32 = 1184
  static let jsonb: UInt32 = 3802
  static let boolArray: UInt32 = 1000
  static let byteaArray: UInt32 = 1001
  static let int4Array: UInt32 = 1007
  static let textArray: UInt32 = 1009
  static let int8Array: UInt32 = 1016
  static let dateArray: UInt32 = 1182
  static let timestamptzArray: UInt32 = 1185
}
