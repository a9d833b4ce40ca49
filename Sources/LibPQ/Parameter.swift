/// A value bound to `$n`, sent in binary with its type; times are microseconds and dates days since 1970 UTC.
public enum Parameter: Sendable {
  case bool(Bool?)
  case int4(Int32?)
  case int8(Int64?)
  case float8(Double?)
  case text(String?)
  case bytea([UInt8]?)
  case timestamptz(Int64?)
  case date(Int32?)
  /// The text of a JSON value.
  case jsonb(String?)
  case boolArray([Bool?])
  case int4Array([Int32?])
  case int8Array([Int64?])
  case textArray([String?])
  case timestamptzArray([Int64?])
  case dateArray([Int32?])
  case byteaArray([[UInt8]?])

  var oid: UInt32 {
    switch self {
    case .bool: TypeOID.bool
    case .int4: TypeOID.int4
    case .int8: TypeOID.int8
    case .float8: TypeOID.float8
    case .text: TypeOID.text
    case .bytea: TypeOID.bytea
    case .timestamptz: TypeOID.timestamptz
    case .date: TypeOID.date
    case .jsonb: TypeOID.jsonb
    case .boolArray: TypeOID.boolArray
    case .int4Array: TypeOID.int4Array
    case .int8Array: TypeOID.int8Array
    case .textArray: TypeOID.textArray
    case .timestamptzArray: TypeOID.timestamptzArray
    case .dateArray: TypeOID.dateArray
    case .byteaArray: TypeOID.byteaArray
    }
  }

  /// Bytes of the binary form; nil for NULL.
  var length: Int? {
    func array<T>(_ values: [T?], _ length: (T) -> Int) -> Int {
      values.reduce(values.isEmpty ? 12 : 20) { $0 + 4 + ($1.map(length) ?? 0) }
    }
    return switch self {
    case .bool(let value): value.map { _ in 1 }
    case .int4(let value), .date(let value): value.map { _ in 4 }
    case .int8(let value), .timestamptz(let value): value.map { _ in 8 }
    case .float8(let value): value.map { _ in 8 }
    case .text(let value): value?.utf8.count
    case .bytea(let value): value?.count
    case .jsonb(let value): value.map { 1 + $0.utf8.count }
    case .boolArray(let values): array(values) { _ in 1 }
    case .int4Array(let values), .dateArray(let values): array(values) { _ in 4 }
    case .int8Array(let values), .timestamptzArray(let values): array(values) { _ in 8 }
    case .textArray(let values): array(values) { $0.utf8.count }
    case .byteaArray(let values): array(values) { $0.count }
    }
  }

  /// Appends the binary form; nothing for NULL.
  func encode(into out: ByteBuffer) {
    switch self {
    case .bool(let value):
      if let value { out.append(UInt8(value ? 1 : 0)) }
    case .int4(let value):
      if let value { out.append(value) }
    case .int8(let value):
      if let value { out.append(value) }
    case .float8(let value):
      if let value { out.append(value.bitPattern) }
    case .text(let value):
      if let value { out.append(contentsOf: value) }
    case .bytea(let value):
      if let value { out.append(contentsOf: value) }
    case .timestamptz(let value):
      if let value { out.append(value - PostgresEpoch.microseconds) }
    case .date(let value):
      if let value { out.append(value - PostgresEpoch.days) }
    case .jsonb(let value):
      guard let value else { return }
      out.append(UInt8(1))
      out.append(contentsOf: value)
    case .boolArray(let values):
      out.appendArray(values, TypeOID.bool) {
        $0.append(Int32(1)); $0.append(UInt8($1 ? 1 : 0))
      }
    case .int4Array(let values):
      out.appendArray(values, TypeOID.int4) {
        $0.append(Int32(4)); $0.append($1)
      }
    case .int8Array(let values):
      out.appendArray(values, TypeOID.int8) {
        $0.append(Int32(8)); $0.append($1)
      }
    case .textArray(let values):
      out.appendArray(values, TypeOID.text) { $0.appendSized($1) }
    case .timestamptzArray(let values):
      out.appendArray(values, TypeOID.timestamptz) {
        $0.append(Int32(8))
        $0.append($1 - PostgresEpoch.microseconds)
      }
    case .dateArray(let values):
      out.appendArray(values, TypeOID.date) {
        $0.append(Int32(4)); $0.append($1 - PostgresEpoch.days)
      }
    case .byteaArray(let values):
      out.appendArray(values, TypeOID.bytea) { $0.appendSized($1) }
    }
  }
}

extension ByteBuffer {
  /// A one-dimensional array, elements with their lengths.
  func appendArray<T>(_ values: [T?], _ oid: UInt32, _ element: (ByteBuffer, T) -> Void) {
    guard !values.isEmpty else {
      append(Int32(0))
      append(Int32(0))
      append(oid)
      return
    }
    append(Int32(1))
    append(Int32(values.contains { $0 == nil } ? 1 : 0))
    append(oid)
    append(Int32(truncatingIfNeeded: values.count))
    append(Int32(1))
    for value in values {
      if let value { element(self, value) } else { append(Int32(-1)) }
    }
  }
}
