import Foundation

/// One record as the journal gets it.
public struct JournalDatagram: Sendable {
  /// The bytes cannot be read as fields.
  public struct Malformed: Error {}

  /// The bytes of the datagram or of the file that came in its place.
  public var bytes: [UInt8]
  /// The seals of the file, in F_SEAL_ bits; nil where it came as a datagram.
  public var seals: Int32?

  /// The bytes as text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The values by name, in the native form.
  public func fields() throws -> [String: [String]] {
    var fields: [String: [String]] = [:]
    var rest = bytes[...]
    while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\n") }) {
      let name = String(decoding: rest[..<end], as: UTF8.self)
      let value: ArraySlice<UInt8>
      if rest[end] == UInt8(ascii: "=") {
        value = rest[(end + 1)...].prefix { $0 != UInt8(ascii: "\n") }
      } else {
        let length = rest[(end + 1)...].prefix(8)
        guard length.count == 8 else { throw Malformed() }
        let count = length.reversed().reduce(0) { $0 << 8 | Int($1) }
        value = rest[(end + 9)...].prefix(count)
        guard value.count == count else { throw Malformed() }
      }
      guard value.endIndex < rest.endIndex, rest[value.endIndex] == UInt8(ascii: "\n") else { throw Malformed() }
      fields[name, default: []].append(String(decoding: value, as: UTF8.self))
      rest = rest[(value.endIndex + 1)...]
    }
    guard rest.isEmpty else { throw Malformed() }
    return fields
  }

  /// The value of the first line that begins with a name and `=`, found without reading the rest as fields; for
  /// bursts.
  public func quickValue(_ name: String) -> String? {
    let start = Array("\(name)=".utf8)
    return bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      // Of an empty rest the address is not nil.
      while !rest.isEmpty, let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress {
        let end = memchr(base, 0x0A, rest.count).map { base.distance(to: UnsafeRawPointer($0)) } ?? rest.count
        if end >= start.count, memcmp(base, start, start.count) == 0 {
          return String(decoding: rest.prefix(end).dropFirst(start.count), as: UTF8.self)
        }
        rest = rest.dropFirst(end + 1)
      }
      return nil
    }
  }
}
