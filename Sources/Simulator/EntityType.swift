/// The kind of entity that applies.
enum EntityType: Sendable {
  case enterprise
  case individual
  case cooperative

  /// The name as events carry it.
  var name: String {
    switch self {
    case .enterprise: "enterprise"
    case .individual: "individual"
    case .cooperative: "cooperative"
    }
  }

  /// The category in the credit code of entities of market regulation (9).
  var category: UInt8 {
    switch self {
    case .enterprise: UInt8(ascii: "1")
    case .individual: UInt8(ascii: "2")
    case .cooperative: UInt8(ascii: "3")
    }
  }
}
