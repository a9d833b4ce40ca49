/// Bytes in the wire's order (big endian), growing, used again and again.
///
/// Millions of small values are put in: so it is one piece of memory, written in place, and nobody looks each time
/// whether it is shared.
final class ByteBuffer {
  /// Room for `capacity` bytes, of which the first `count` are in use; `room(for:)` alone hands any of it out.
  @exclusivity(unchecked) private var memory: UnsafeMutableRawPointer
  @exclusivity(unchecked) private var capacity: Int
  @exclusivity(unchecked) private(set) var count = 0
  /// Most bytes of a value whose length is written before it.
  private let longest: Int
  /// Whether a longer one was put in: its length is wrong, and nothing of this may be sent.
  @exclusivity(unchecked) private(set) var hasTooLong = false

  init(capacity: Int = 256, longest: Int = Int(Int32.max)) {
    memory = .allocate(byteCount: max(capacity, 1), alignment: 8)
    self.capacity = max(capacity, 1)
    self.longest = longest
  }

  deinit { memory.deallocate() }

  /// Hands on what was put in.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    body(UnsafeRawBufferPointer(start: memory, count: count))
  }

  func removeAll() { count = 0 }

  func append<T: FixedWidthInteger>(_ value: T) {
    room(for: MemoryLayout<T>.size).storeBytes(of: value.bigEndian, as: T.self)
  }

  func append(contentsOf other: [UInt8]) { other.withUnsafeBytes { append($0) } }

  /// The bytes of a text.
  func append(contentsOf text: String) {
    let isIn: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
    if isIn == nil { append(contentsOf: Array(text.utf8)) }
  }

  private func append(_ other: UnsafeRawBufferPointer) {
    let place = room(for: other.count)
    if let start = other.baseAddress { place.copyMemory(from: start, byteCount: other.count) }
  }

  /// A length and the bytes of a text; a NUL byte, which PostgreSQL cannot store, is for the server to refuse.
  func appendSized(_ text: String) {
    // Where its bytes are: a copy of the text, though it is a reference, would be counted up and down.
    let isIn: Void? = text.utf8.withContiguousStorageIfAvailable(appendSized)
    if isIn == nil { Array(text.utf8).withUnsafeBufferPointer(appendSized) }
  }

  /// A length and bytes.
  func appendSized(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer(appendSized) }

  private func appendSized(_ bytes: UnsafeBufferPointer<UInt8>) {
    if bytes.count > longest { hasTooLong = true }
    let place = room(for: 4 + bytes.count)
    place.storeBytes(of: Int32(truncatingIfNeeded: bytes.count).bigEndian, as: Int32.self)
    if let start = bytes.baseAddress { (place + 4).copyMemory(from: start, byteCount: bytes.count) }
  }

  /// Writes a length at a place that was kept for it: of all that came after.
  func setLength(at place: Int) {
    precondition(place >= 0 && place + 4 <= count)
    if count - place - 4 > longest { hasTooLong = true }
    (memory + place).storeBytes(of: Int32(truncatingIfNeeded: count - place - 4).bigEndian, as: Int32.self)
  }

  /// Takes so many bytes more, which are the caller's to write, and says where they begin.
  @inline(__always)
  private func room(for bytes: Int) -> UnsafeMutableRawPointer {
    if count + bytes > capacity { grow(to: count + bytes) }
    defer { count += bytes }
    return memory + count
  }

  @inline(never)
  private func grow(to needed: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: 2 * needed, alignment: 8)
    larger.copyMemory(from: memory, byteCount: count)
    memory.deallocate()
    (memory, capacity) = (larger, 2 * needed)
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
