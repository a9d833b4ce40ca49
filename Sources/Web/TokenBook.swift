import Daemon
import Settings
import Synchronization

/// The tokens in force.
public final class TokenBook: Sendable {
  /// The file they come from; nil lets nobody in.
  public let file: String?
  private let tokens: Mutex<[AccessToken]>
  private let unread: Mutex<String?>

  /// Why the file holds no tokens for this program, in a sentence for the log; nil if it could be read.
  var trouble: String? { unread.withLock { $0 } }

  /// The tokens of a file; the error names its faults.
  public init(file: String?) throws(SettingsError) {
    self.file = file
    tokens = Mutex([])
    unread = Mutex(nil)
    _ = try reading()()
  }

  /// Reads the file again; with a fault in it the tokens stay as they are. Requests under way are not disturbed.
  @discardableResult
  public func reload() throws(SettingsError) -> Reread { try reading()() }

  /// Reads the file; what it gives puts its tokens in force, and tells which came and went, by their names.
  public func reading() throws(SettingsError) -> @Sendable () -> Reread {
    guard let file else { return { Reread() } }
    let reading = try TokenFile.look(file)
    return { [self] in
      // One that cannot be read is no reason to stop the clocks: it lets nobody in.
      let (fresh, words): ([AccessToken], String?) =
        switch reading {
        case .tokens(let tokens): (tokens, nil)
        case .missing(let words): ([], words)
        case .unreadable(let words): ([], "\(file) \(words)")
        }
      let trouble = words.map { "HTTP: nobody is let in, not even to /metrics: \($0); then reload bizclock" }
      let before = tokens.withLock { tokens in
        defer { tokens = fresh }
        return tokens
      }
      unread.withLock { $0 = trouble }
      return Reread(change: TokenBook.change(from: before, to: fresh), trouble: trouble)
    }
  }

  /// What other tokens are known than before, in words; nil if they are the same.
  private static func change(from old: [AccessToken], to new: [AccessToken]) -> String? {
    let before = Dictionary(old.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    let names = Set(new.map(\.name))
    let parts = [
      ("added", new.filter { before[$0.name] == nil }),
      ("changed", new.filter { token in before[token.name].map { $0 != token } ?? false }),
      ("removed", old.filter { !names.contains($0.name) }),
    ].filter { !$0.1.isEmpty }
    guard !parts.isEmpty else { return nil }
    let told = parts.map { what, tokens in
      let named = tokens.prefix(mostNamed).map(\.name) + (tokens.count > mostNamed ? ["…"] : [])
      return "tokens \(what): \(named.joined(separator: ", "))"
    }
    let known = new.isEmpty ? "no token is known" : "\(new.count) known"
    return (told + [known]).joined(separator: "; ")
  }

  /// Of how many tokens the names are told.
  private static let mostNamed = 20

  /// What became of a request's token.
  public enum Verdict: Sendable, Equatable {
    /// It lets its holder do what was asked; the name is whose it is, the feed that for which events may be posted.
    case allowed(String, feed: String?)
    /// The request brought none.
    case missing
    /// It is not known.
    case unknown
    /// It is known and does not go so far.
    case lacksScope
  }

  /// Judges the value of a request's `Authorization` field (RFC 6750).
  ///
  /// Every token in force is compared, and each comparison takes the same time whatever was brought.
  public func judge(_ authorization: String?, scope: TokenScope) -> Verdict {
    guard let authorization, let bearer = TokenBook.bearer(authorization) else { return .missing }
    let digest = AccessToken.digest(of: bearer)
    var found: AccessToken?
    for token in tokens.withLock({ $0 }) where TokenBook.isSame(token.digest, digest) { found = token }
    guard let found else { return .unknown }
    return found.scopes.contains(scope) ? .allowed(found.name, feed: found.feed) : .lacksScope
  }

  private static func bearer(_ authorization: String) -> Substring? {
    let words = authorization.split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 512 else { return nil }
    return words[1]
  }

  private static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in a.indices { difference |= a[index] ^ b[index] }
    return difference == 0
  }
}
