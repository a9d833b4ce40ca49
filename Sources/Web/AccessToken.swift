import Crypto

/// A bearer token as the daemon keeps it: its hash, and what it lets its holder do.
public struct AccessToken: Sendable, Equatable {
  /// Whose it is; letters, digits, `.`, `_`, `-`.
  public var name: String
  /// What it is good for.
  public var scopes: Set<TokenScope>
  /// The feed for which events may be posted with it.
  public var feed: String?
  /// SHA-256 of the token's bytes.
  public var digest: [UInt8]

  /// The hash of a token's text.
  public static func digest(of token: some StringProtocol) -> [UInt8] {
    Array(SHA256.hash(data: Array(token.utf8)))
  }

  /// A token's line in the file.
  public var line: String {
    let scopes = TokenScope.allCases.filter { self.scopes.contains($0) }.map(\.rawValue).joined(separator: ",")
    return "\(name) \(scopes) sha256:\(Hexadecimal.text(digest))" + (feed.map { " feed:\($0)" } ?? "")
  }

  /// Whether a text may name a token.
  public static func isName(_ text: some StringProtocol) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
      }
  }

  /// What is wrong with scopes and a feed together; nil if nothing is.
  public static func problem(scopes: Set<TokenScope>, feed: String?) -> String? {
    guard let feed else {
      return scopes.contains(.ingest) ? "the scope ingest needs a feed; add feed:NAME, of a feed of kind http" : nil
    }
    if !scopes.contains(.ingest) { return "a feed is only for the scope ingest; take one of them out" }
    return isName(feed) ? nil : "the feed's name may hold up to 64 letters, digits, dashes and underscores"
  }

  /// A new token: its text, which nobody keeps, and what goes into the file. The text holds 256 random bits, so that
  /// its hash needs no salt and no work factor.
  public static func make(name: String, scopes: Set<TokenScope>, feed: String? = nil) -> (
    text: String, token: AccessToken
  ) {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let text = "bzc_" + Hexadecimal.text(bytes)
    return (text, AccessToken(name: name, scopes: scopes, feed: feed, digest: digest(of: text)))
  }
}
