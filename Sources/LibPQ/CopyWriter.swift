/// Rows of a binary COPY, written value by value into one buffer.
public struct CopyWriter {
  let buffer: ByteBuffer
  private let flush: (ByteBuffer) throws(PostgresError) -> Void
  /// From how many bytes on the buffer is sent.
  private static let chunk = 128 * 1024

  /// `longest` is how many bytes a value may have.
  init(longest: Int = Int(Int32.max), flush: @escaping (ByteBuffer) throws(PostgresError) -> Void) {
    buffer = ByteBuffer(longest: longest)
    self.flush = flush
    buffer.append(contentsOf: [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00])
    buffer.append(Int32(0))
    buffer.append(Int32(0))
  }

  /// Begins a row of so many columns; all must follow.
  public mutating func row(columns: Int) throws(PostgresError) {
    if buffer.count >= CopyWriter.chunk { try send() }
    buffer.append(Int16(truncatingIfNeeded: columns))
  }

  mutating func finish() throws(PostgresError) {
    buffer.append(Int16(-1))
    try send()
  }

  private func send() throws(PostgresError) {
    guard !buffer.hasTooLong else {
      throw PostgresError(.usage, operation: "COPY", message: "a value is longer than the 2 GiB that it may have")
    }
    try flush(buffer)
  }

  /// A NULL.
  public mutating func null() { buffer.append(Int32(-1)) }

  /// A boolean.
  public mutating func bool(_ value: Bool?) {
    guard let value else { return null() }
    buffer.append(Int32(1))
    buffer.append(UInt8(value ? 1 : 0))
  }

  /// An integer.
  public mutating func int4(_ value: Int32?) {
    guard let value else { return null() }
    buffer.append(Int32(4))
    buffer.append(value)
  }

  /// A bigint.
  public mutating func int8(_ value: Int64?) {
    guard let value else { return null() }
    buffer.append(Int32(8))
    buffer.append(value)
  }

  /// A double precision.
  public mutating func float8(_ value: Double?) {
    guard let value else { return null() }
    buffer.append(Int32(8))
    buffer.append(value.bitPattern)
  }

  /// A text.
  public mutating func text(_ value: String?) {
    guard let value else { return null() }
    buffer.appendSized(value)
  }

  /// A bytea.
  public mutating func bytea(_ value: [UInt8]?) {
    guard let value else { return null() }
    buffer.appendSized(value)
  }

  /// A jsonb from the text of a JSON value.
  public mutating func jsonb(_ value: String?) {
    guard let value else { return null() }
    let place = buffer.count
    buffer.append(Int32(0))
    buffer.append(UInt8(1))
    buffer.append(contentsOf: value)
    buffer.setLength(at: place)
  }

  /// A timestamptz from microseconds since 1970 UTC.
  public mutating func timestamptz(_ value: Int64?) {
    guard let value else { return null() }
    buffer.append(Int32(8))
    buffer.append(value - PostgresEpoch.microseconds)
  }

  /// A date from days since 1970.
  public mutating func date(_ value: Int32?) {
    guard let value else { return null() }
    buffer.append(Int32(4))
    buffer.append(value - PostgresEpoch.days)
  }

  /// A text[].
  public mutating func textArray(_ values: [String]?) {
    guard let values else { return null() }
    array(values, TypeOID.text) { $0.appendSized($1) }
  }

  /// An integer[].
  public mutating func int4Array(_ values: [Int32]) {
    array(values, TypeOID.int4) {
      $0.append(Int32(4)); $0.append($1)
    }
  }

  /// A bigint[].
  public mutating func int8Array(_ values: [Int64]?) {
    guard let values else { return null() }
    array(values, TypeOID.int8) {
      $0.append(Int32(8)); $0.append($1)
    }
  }

  /// A timestamptz[] from microseconds since 1970 UTC.
  public mutating func timestamptzArray(_ values: [Int64?]) {
    array(values, TypeOID.timestamptz) {
      $0.append(Int32(8)); $0.append($1 - PostgresEpoch.microseconds)
    }
  }

  /// A date[] from days since 1970.
  public mutating func dateArray(_ values: [Int32]?) {
    guard let values else { return null() }
    array(values, TypeOID.date) {
      $0.append(Int32(4)); $0.append($1 - PostgresEpoch.days)
    }
  }

  /// A boolean[].
  public mutating func boolArray(_ values: [Bool]?) {
    guard let values else { return null() }
    array(values, TypeOID.bool) {
      $0.append(Int32(1)); $0.append(UInt8($1 ? 1 : 0))
    }
  }

  private mutating func array<T>(_ values: [T?], _ oid: UInt32, _ element: (ByteBuffer, T) -> Void) {
    let place = buffer.count
    buffer.append(Int32(0))
    buffer.appendArray(values, oid, element)
    buffer.setLength(at: place)
  }
}
