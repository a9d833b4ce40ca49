/// Gives out unified social credit codes with right check characters (GB 32100-2015).
enum CreditCodeIssuer {
  private static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)

  /// A code for an entity type: registering authority 9, category, division, the entity's own code, both checks.
  static func code(for type: EntityType, _ random: inout RandomStream) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(18)
    bytes.append(UInt8(ascii: "9"))
    bytes.append(type.category)
    // The licence authority may be provincial.
    bytes.append(contentsOf: random.chance(200) ? "460000".utf8 : "469005".utf8)
    bytes.append(contentsOf: "MA".utf8)
    for _ in 0..<6 { bytes.append(alphabet[random.below(alphabet.count)]) }
    bytes.append(bodyCheck(bytes[8...]))
    bytes.append(wholeCheck(bytes))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The check over the entity's own code (GB 11714): 11 − Σ mod 11, 10 is X and 11 is 0.
  private static func bodyCheck(_ body: ArraySlice<UInt8>) -> UInt8 {
    let sum = zip(body, [3, 7, 9, 10, 5, 8, 4, 2]).reduce(0) { $0 + value36($1.0) * $1.1 }
    switch 11 - sum % 11 {
    case 10: return UInt8(ascii: "X")
    case 11: return UInt8(ascii: "0")
    case let check: return UInt8(ascii: "0") + UInt8(check)
    }
  }

  /// The check over the whole: Σ value × 3^(i−1) mod 31 is made up to 31.
  private static func wholeCheck(_ bytes: [UInt8]) -> UInt8 {
    var sum = 0
    var weight = 1
    for byte in bytes {
      sum += (alphabet.firstIndex(of: byte) ?? 0) * weight
      weight = weight * 3 % 31
    }
    return alphabet[(31 - sum % 31) % 31]
  }

  private static func value36(_ byte: UInt8) -> Int {
    byte < UInt8(ascii: "A") ? Int(byte - UInt8(ascii: "0")) : Int(byte - UInt8(ascii: "A")) + 10
  }
}
