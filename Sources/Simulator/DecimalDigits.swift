/// Whole numbers as decimal digits, without a detour over formatting.
enum DecimalDigits {
  /// Puts a number in at least `width` digits at the end of the bytes.
  static func append(_ value: Int, width: Int = 1, to bytes: inout [UInt8]) {
    let start = bytes.count
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let first = bytes.count
    var rest = value.magnitude
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0 || bytes.count - start < width
    bytes[first...].reverse()
  }

  /// Writes a number from 0 in at least `width` digits at an index, and returns the index after them; digits for
  /// which there is no room are left out.
  static func write(_ value: Int, width: Int, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
    var length = 1
    var rest = value
    while rest >= 10 || length < width {
      rest /= 10
      length += 1
    }
    rest = value
    for index in stride(from: start + length - 1, through: start, by: -1) {
      if index < bytes.count { bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10) }
      rest /= 10
    }
    return min(start + length, bytes.count)
  }

  /// A number in at least `width` digits.
  static func text(_ value: Int, width: Int = 1) -> String {
    var bytes: [UInt8] = []
    append(value, width: width, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
