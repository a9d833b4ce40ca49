import CLibPQ
import Glibc

/// The rows of a statement, in binary; columns are counted from 0, times are microseconds and dates days since 1970.
///
/// A value of another form than asked for is a `decode` error that names its row and column.
public final class QueryResult: @unchecked Sendable {
  // Sendable: a PGresult is only read once made, and libpq's accessors do not change it.
  private let result: OpaquePointer
  private let operation: String

  /// How many rows there are.
  public let rowCount: Int
  /// How many rows the statement touched.
  public let affectedRows: Int
  /// The number of columns.
  public let columnCount: Int

  init(_ result: OpaquePointer, operation: String) {
    self.result = result
    self.operation = operation
    rowCount = Int(PQntuples(result))
    columnCount = Int(PQnfields(result))
    affectedRows = Int(String(cString: PQcmdTuples(result))) ?? 0
  }

  deinit { PQclear(result) }

  /// The name of a column.
  public func name(_ column: Int) -> String { PQfname(result, Int32(column)).map { String(cString: $0) } ?? "" }

  /// Whether a value is NULL.
  public func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) != 0 }

  private func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard row >= 0, row < rowCount, column >= 0, column < columnCount,
      let value = PQgetvalue(result, Int32(row), Int32(column))
    else { throw wrong(row, column, "a value") }
    return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, Int32(row), Int32(column))))
  }

  private func wrong(_ row: Int, _ column: Int, _ expected: String) -> PostgresError {
    PostgresError(
      .decode, operation: operation,
      message: "row \(row), column \(column) (\(column < columnCount ? name(column) : "?")) is not \(expected)")
  }

  private func integer<T: FixedWidthInteger>(_ row: Int, _ column: Int, _ expected: String) throws(PostgresError)
    -> T
  {
    // A NULL has no bytes.
    let bytes = try bytes(row, column)
    guard bytes.count == MemoryLayout<T>.size else { throw wrong(row, column, expected) }
    return T(bigEndian: bytes.loadUnaligned(as: T.self))
  }

  /// An integer.
  public func int4(_ row: Int, _ column: Int) throws(PostgresError) -> Int32 {
    try integer(row, column, "an integer")
  }
  /// A bigint.
  public func int8(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
    try integer(row, column, "a bigint")
  }
  /// A double precision.
  public func float8(_ row: Int, _ column: Int) throws(PostgresError) -> Double {
    Double(bitPattern: try integer(row, column, "a double precision"))
  }
  /// A boolean.
  public func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
    let byte: UInt8 = try integer(row, column, "a boolean")
    return byte != 0
  }
  /// A timestamptz, in microseconds since 1970 UTC; infinities are errors.
  public func timestamptz(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
    let value: Int64 = try integer(row, column, "a timestamptz")
    // The server's last years do not fit when counted from 1970.
    let (since1970, overflow) = value.addingReportingOverflow(PostgresEpoch.microseconds)
    guard value != .min, !overflow else { throw wrong(row, column, "a finite timestamptz") }
    return since1970
  }
  /// A date, in days since 1970; infinities are errors.
  public func date(_ row: Int, _ column: Int) throws(PostgresError) -> Int32 {
    let value: Int32 = try integer(row, column, "a date")
    let (since1970, overflow) = value.addingReportingOverflow(PostgresEpoch.days)
    guard value != .min, !overflow else { throw wrong(row, column, "a finite date") }
    return since1970
  }
  /// A text.
  public func text(_ row: Int, _ column: Int) throws(PostgresError) -> String {
    String(decoding: try textBytes(row, column), as: UTF8.self)
  }
  /// A text that is likely to be the same as another one: then it is that one, and none is made.
  public func text(_ row: Int, _ column: Int, like other: String) throws(PostgresError) -> String {
    let bytes = try textBytes(row, column)
    let isSame =
      other.utf8.withContiguousStorageIfAvailable { other in
        guard let here = bytes.baseAddress, let there = other.baseAddress else { return false }
        return bytes.count == other.count && memcmp(here, there, bytes.count) == 0
      } ?? false
    return isSame ? other : String(decoding: bytes, as: UTF8.self)
  }
  private func textBytes(_ row: Int, _ column: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    let bytes = try bytes(row, column)
    // A NULL has no bytes either.
    guard !bytes.isEmpty || !isNull(row, column) else { throw wrong(row, column, "a text") }
    return bytes
  }
  /// A bytea.
  public func bytea(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
    let bytes = try bytes(row, column)
    guard !isNull(row, column) else { throw wrong(row, column, "a bytea") }
    return Array(bytes)
  }

  /// An integer or NULL.
  public func optionalInt4(_ row: Int, _ column: Int) throws(PostgresError) -> Int32? {
    isNull(row, column) ? nil : try int4(row, column)
  }
  /// A bigint or NULL.
  public func optionalInt8(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
    isNull(row, column) ? nil : try int8(row, column)
  }
  /// A double precision or NULL.
  public func optionalFloat8(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
    isNull(row, column) ? nil : try float8(row, column)
  }
  /// A boolean or NULL.
  public func optionalBool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
    isNull(row, column) ? nil : try bool(row, column)
  }
  /// A timestamptz or NULL.
  public func optionalTimestamptz(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
    isNull(row, column) ? nil : try timestamptz(row, column)
  }
  /// A date or NULL.
  public func optionalDate(_ row: Int, _ column: Int) throws(PostgresError) -> Int32? {
    isNull(row, column) ? nil : try date(row, column)
  }
  /// A text or NULL.
  public func optionalText(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
    isNull(row, column) ? nil : String(decoding: try bytes(row, column), as: UTF8.self)
  }
  /// The text of a jsonb, or NULL.
  public func optionalJSON(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
    guard !isNull(row, column) else { return nil }
    let bytes = try bytes(row, column)
    guard bytes.first == 1 else { throw wrong(row, column, "a jsonb") }
    return String(decoding: bytes.dropFirst(), as: UTF8.self)
  }

  private func array<T>(
    _ row: Int, _ column: Int, _ element: (UnsafeRawBufferPointer) -> T?
  ) throws(PostgresError) -> [T?]? {
    guard !isNull(row, column) else { return nil }
    let bytes = try bytes(row, column)
    func int4(_ at: Int) -> Int? {
      at + 4 <= bytes.count ? Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))) : nil
    }
    guard let dimensions = int4(0) else { throw wrong(row, column, "an array") }
    if dimensions == 0 { return [] }
    guard dimensions == 1, let count = int4(12), count >= 0 else { throw wrong(row, column, "a plain array") }
    var values: [T?] = []
    values.reserveCapacity(min(count, 1024))
    var at = 20
    for _ in 0..<count {
      guard let length = int4(at) else { throw wrong(row, column, "an array") }
      at += 4
      if length < 0 {
        values.append(nil)
        continue
      }
      guard at + length <= bytes.count,
        let value = element(UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]))
      else { throw wrong(row, column, "an array of that type") }
      values.append(value)
      at += length
    }
    return values
  }

  private static func integer<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer) -> T? {
    bytes.count == MemoryLayout<T>.size ? T(bigEndian: bytes.loadUnaligned(as: T.self)) : nil
  }

  /// A text[] or NULL.
  public func optionalTextArray(_ row: Int, _ column: Int) throws(PostgresError) -> [String?]? {
    try array(row, column) { String(decoding: $0, as: UTF8.self) }
  }
  /// An integer[] or NULL.
  public func optionalInt4Array(_ row: Int, _ column: Int) throws(PostgresError) -> [Int32?]? {
    try array(row, column) { QueryResult.integer($0) }
  }
  /// A bigint[] or NULL.
  public func optionalInt8Array(_ row: Int, _ column: Int) throws(PostgresError) -> [Int64?]? {
    try array(row, column) { QueryResult.integer($0) }
  }
  /// A boolean[] or NULL.
  public func optionalBoolArray(_ row: Int, _ column: Int) throws(PostgresError) -> [Bool?]? {
    try array(row, column) { $0.first.map { $0 != 0 } }
  }
  /// A date[] or NULL, in days since 1970.
  public func optionalDateArray(_ row: Int, _ column: Int) throws(PostgresError) -> [Int32?]? {
    try array(row, column) { bytes -> Int32? in
      guard let value: Int32 = QueryResult.integer(bytes) else { return nil }
      let (since1970, overflow) = value.addingReportingOverflow(PostgresEpoch.days)
      return value == .min || overflow ? nil : since1970
    }
  }
  /// A timestamptz[] or NULL, in microseconds since 1970 UTC.
  public func optionalTimestamptzArray(_ row: Int, _ column: Int) throws(PostgresError) -> [Int64?]? {
    try array(row, column) { bytes -> Int64? in
      guard let value: Int64 = QueryResult.integer(bytes) else { return nil }
      let (since1970, overflow) = value.addingReportingOverflow(PostgresEpoch.microseconds)
      return value == .min || overflow ? nil : since1970
    }
  }
}
