import Glibc

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
    let count = a.text.utf8.count
    guard count > 0, count == b.text.utf8.count else { return count == b.text.utf8.count }
    return withBytes(a, b) { mine, theirs, count in memcmp(mine, theirs, count) == 0 }
  }

  public static func < (a: Identifier, b: Identifier) -> Bool {
    withBytes(a, b) { mine, theirs, count in
      let order = memcmp(mine, theirs, count)
      return order == 0 ? a.text.utf8.count < b.text.utf8.count : order < 0
    }
  }

  /// Hands on the bytes of both, and how many they both have.
  ///
  /// The bytes are looked at where they are: a copy of the text, though it is a reference, would be counted up and down.
  @inline(__always)
  private static func withBytes(
    _ a: Identifier, _ b: Identifier, _ body: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, Int) -> Bool
  ) -> Bool {
    let answer = a.text.utf8.withContiguousStorageIfAvailable { mine -> Bool? in
      b.text.utf8.withContiguousStorageIfAvailable { theirs -> Bool in
        guard let first = mine.baseAddress, let second = theirs.baseAddress else {
          return mine.count < theirs.count
        }
        return body(first, second, min(mine.count, theirs.count))
      }
    }
    if case .some(.some(let answer)) = answer { return answer }
    // Texts of another kind than Swift's own, which this system does not make.
    var (mine, theirs) = (a.text, b.text)
    mine.makeContiguousUTF8()
    theirs.makeContiguousUTF8()
    return withBytes(Identifier(mine), Identifier(theirs), body)
  }

  public func hash(into hasher: inout Hasher) {
    let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    hasher.combine(UInt8(0xff))
  }

  /// The name as it was given.
  public var description: String { text }
}
