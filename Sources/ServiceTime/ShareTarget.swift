/// The least part of a population that must count: an exact decimal, so that 90 of 100 meets 0.90.
public struct ShareTarget: Hashable, Sendable {
  /// Millionths of the whole, 0…1,000,000.
  public let millionths: Int64
  /// How many millionths make the whole.
  public static let whole: Int64 = 1_000_000
  /// How many decimals a target has at most.
  public static let decimals = 6

  /// A target of so many millionths; what lies outside 0…1,000,000 becomes the nearest end.
  public init(millionths: Int64) { self.millionths = min(max(millionths, 0), ShareTarget.whole) }

  /// Whether so many of a population reach it.
  ///
  /// Both may be weighted alike, for expectations that are no whole numbers.
  func isMet(_ counted: Int128, of population: Int128) -> Bool {
    counted * Int128(ShareTarget.whole) >= Int128(millionths) * population
  }
}

extension ShareTarget: CustomStringConvertible {
  /// The part as a decimal: `0.9`, `0.9255`, `1`.
  public var description: String { ShareTarget.decimal(millionths, places: 6) }

  /// The part in percent: `90`, `92.55`.
  public var percent: String { ShareTarget.decimal(millionths, places: 4) }

  /// A number of units of 10^−places, without zeros at its end.
  private static func decimal(_ units: Int64, places: Int) -> String {
    let scale = (0..<places).reduce(Int64(1)) { scale, _ in scale * 10 }
    var fraction = Digits.pad(units % scale, places)
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return fraction.isEmpty ? "\(units / scale)" : "\(units / scale).\(fraction)"
  }
}
