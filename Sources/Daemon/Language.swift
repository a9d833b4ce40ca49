/// The languages in which people are told.
public enum Language: String, Sendable, CaseIterable {
  /// English.
  case en
  /// Chinese.
  case zh

  /// What is said in this language.
  public func of(_ english: String, _ chinese: String) -> String { self == .en ? english : chinese }

  /// A title in this language, else in the other.
  public func title(_ titles: [String: String]) -> String? { titles[rawValue] ?? titles[other.rawValue] }

  /// The other one.
  public var other: Language { self == .en ? .zh : .en }
}
