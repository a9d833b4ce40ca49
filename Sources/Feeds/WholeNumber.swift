/// Reads whole numbers of 64 bits.
enum WholeNumber {
  /// The number in decimal digits with an optional sign; nil for anything else or out of range.
  static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    var at = 0
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { at = 1 }
    guard at < bytes.count else { return nil }
    var value: Int64 = 0
    while at < bytes.count {
      let digit = bytes[at] &- 48
      guard digit < 10 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) =
        isNegative
        ? product.subtractingReportingOverflow(Int64(digit)) : product.addingReportingOverflow(Int64(digit))
      guard !overflow, !overflow2 else { return nil }
      value = sum
      at += 1
    }
    return value
  }
}
