/// A unit of administration with its names, for reports: a province, a prefecture, a county, a town or a community.
public struct Region: Sendable, Hashable {
  /// 2, 4, 6, 9 or 12 digits: GB/T 2260, below the county the statistics codes.
  public var code: String
  /// Its full official name.
  public var name: String
  /// Its name in English; nil where none was given.
  public var nameEN: String?

  /// A region; arguments as the properties.
  public init(code: String, name: String, nameEN: String? = nil) {
    self.code = code
    self.name = name
    self.nameEN = nameEN
  }

  /// How many digits a code may have.
  public static let codeLengths: Set<Int> = [2, 4, 6, 9, 12]
}
