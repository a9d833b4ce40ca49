/// The unified social credit code of GB 32100-2015: 18 characters with two check characters.
///
/// Real codes that fail the check exist, so a failing code is flagged (`uscc_valid` in the view `event_log`) and never
/// a reason to refuse an event.
public enum CreditCode {
  /// Whether a code has 18 characters of the code's alphabet and both its checks hold.
  public static func isValid(_ code: String) -> Bool {
    var code = code
    return code.withUTF8 { isValid($0) }
  }

  /// Whether the bytes are such a code.
  public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count == 18 else { return false }
    return holdsWholeCheck(bytes) && holdsBodyCheck(bytes)
  }

  /// GB 32100-2015: Σ value × 3^(i−1) mod 31 over the first 17, the check makes it up to 31.
  static func holdsWholeCheck(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var sum = 0
    var weight = 1
    for index in 0..<17 {
      guard let value = value31(bytes[index]) else { return false }
      sum += value * weight
      weight = weight * 3 % 31
    }
    guard let check = value31(bytes[17]) else { return false }
    return check == (31 - sum % 31) % 31
  }

  /// GB 11714 over positions 9–17, the organisation's own code: 11 − Σ mod 11, 10 is X and 11 is 0.
  static func holdsBodyCheck(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var sum = 0
    for (index, weight) in [3, 7, 9, 10, 5, 8, 4, 2].enumerated() {
      guard let value = value36(bytes[8 + index]) else { return false }
      sum += value * weight
    }
    let check = 11 - sum % 11
    let given = bytes[16]
    switch check {
    case 10: return given == UInt8(ascii: "X")
    case 11: return given == UInt8(ascii: "0")
    default: return given == UInt8(ascii: "0") + UInt8(check)
    }
  }

  static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)

  private static let values31: [UInt8] = (0...255).map { byte in
    alphabet.firstIndex(of: UInt8(byte)).map { UInt8($0) } ?? 255
  }

  static func value31(_ byte: UInt8) -> Int? {
    let value = values31[Int(byte)]
    return value < 255 ? Int(value) : nil
  }

  static func value36(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 48
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte) - 55
    default: nil
    }
  }
}
