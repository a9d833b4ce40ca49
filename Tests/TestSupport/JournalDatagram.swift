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

  /// The value of a field that is on one line, found without reading the rest; for bursts.
  public func quickValue(_ name: String) -> String? {
    bytes.withUnsafeBytes { bytes in
      let needle = Array("\n\(name)=".utf8)
      guard let base = bytes.baseAddress, let found = memmem(base, bytes.count, needle, needle.count) else {
        return nil
      }
      let start = base.distance(to: UnsafeRawPointer(found)) + needle.count
      let value = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
      return String(decoding: value, as: UTF8.self)
    }
  }
}
