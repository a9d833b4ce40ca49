/// A name given by another system, equal and ordered by its UTF-8 bytes.
///
/// Swift's own `String` equality takes canonically equivalent spellings for one; two such case numbers are two
/// cases to the system that gave them, and to PostgreSQL.
public struct Identifier: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The name as it was given.
  public let text: String

  /// An identifier of a text.
  @inlinable
  public init(_ text: String) { self.text = text }
  /// An identifier of a literal.
  public init(stringLiteral value: String) { self.text = value }

  public static func == (a: Identifier, b: Identifier) -> Bool {
    a.text.utf8.count == b.text.utf8.count && a.text.utf8.elementsEqual(b.text.utf8)
  }

  public static func < (a: Identifier, b: Identifier) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(UInt8(0xff))
  }

  /// The name as it was given.
  public var description: String { text }
}
