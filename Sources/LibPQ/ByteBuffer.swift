/// Bytes in the wire's order (big endian), growing, used again and again.
///
/// Millions of small values are put in: so it is written in place, and not element by element.
struct ByteBuffer {
  private var storage: [UInt8] = []
  private(set) var count = 0

  /// What was put in.
  var bytes: [UInt8] { Array(storage[..<count]) }

  /// Hands on what was put in.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  mutating func removeAll() { count = 0 }

  @inline(__always)
  mutating func append<T: FixedWidthInteger>(_ value: T) {
    let place = room(for: MemoryLayout<T>.size)
    storage.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: place, as: T.self) }
  }

  mutating func append(contentsOf other: [UInt8]) { other.withUnsafeBytes { append($0) } }

  private mutating func append(_ other: UnsafeRawBufferPointer) {
    let place = room(for: other.count)
    storage.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[place...]).copyMemory(from: other) }
  }

  /// Takes so many bytes more, and says where they begin.
  @inline(__always)
  private mutating func room(for bytes: Int) -> Int {
    let place = count
    count += bytes
    if count > storage.count { grow() }
    return place
  }

  @inline(never)
  private mutating func grow() {
    storage.append(contentsOf: repeatElement(0, count: max(64, 2 * count) - storage.count))
  }

  /// A length and the bytes of a text; a NUL byte, which PostgreSQL cannot store, is for the server to refuse.
  mutating func appendSized(_ text: String) {
    append(Int32(text.utf8.count))
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Writes a length at a place that was kept for it: of all that came after.
  mutating func setLength(at place: Int) {
    let length = Int32(truncatingIfNeeded: count - place - 4)
    storage.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: place, as: Int32.self) }
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
