/// The value of one field of a record.
public enum LogValue: Hashable, Sendable {
  case text(String)
  case integer(Int64)
  /// A number with a fraction; not-a-number and the infinities are written as null.
  case double(Double)
  case bool(Bool)
  case null

  /// Text, or null for nil.
  public init(_ text: String?) { self = text.map(LogValue.text) ?? .null }
  /// An integer, or null for nil; out of range of 64 bits it becomes the nearest end.
  public init(_ integer: (some BinaryInteger)?) { self = integer.map { .integer(Int64(clamping: $0)) } ?? .null }
  /// A number with a fraction, or null for nil.
  public init(_ double: Double?) { self = double.map(LogValue.double) ?? .null }
  /// A truth value, or null for nil.
  public init(_ bool: Bool?) { self = bool.map(LogValue.bool) ?? .null }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
}
