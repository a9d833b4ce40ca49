import Foundation
import Settings
import Testing

@testable import Web

/// Tokens: their file, their faults, and who is let in.
@Suite struct TokenTests {
  /// SHA-256 of "secret" (FIPS 180-4).
  static let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
  static let line = "prometheus metrics sha256:\(digest)"

  /// A file of its own with a text.
  final class File: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path

    init(_ text: String, mode: Int = 0o600) throws {
      try write(text)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }
  }

  @Test func aFileIsRead() throws {
    let other = String(repeating: "AB", count: 32)
    let file = try File(
      "# who may\n\n\(TokenTests.line)   # scrapes\r\n\thall.1\tread,ingest sha256:\(other)  feed:hall")
    let tokens = try TokenFile.read(file.path)
    try #require(tokens.map(\.name) == ["prometheus", "hall.1"])
    #expect(tokens.map(\.scopes) == [[.metrics], [.read, .ingest]])
    #expect(tokens.map(\.feed) == [nil, "hall"])
    #expect(tokens[0].digest == AccessToken.digest(of: "secret"))
    #expect(tokens[0].line == TokenTests.line)
    #expect(tokens[1].digest == Array(repeating: 0xAB, count: 32))
  }

  /// Each fault is told with its line and without what it holds.
  @Test(arguments: [
    ("prometheus metrics secret", 1, "the third word is not sha256:"),
    ("prometheus metrics sha256:12ab", 1, "the third word is not sha256:"),
    ("\nprometheus metrics sha256:\(String(repeating: "g", count: 64))", 2, "the third word is not sha256:"),
    ("prometheus sha256:\(digest)", 1, "has not the form NAME SCOPE[,SCOPE] sha256:HEX"),
    ("hall ingest sha256:\(digest)", 1, "the scope ingest needs a feed; add feed:NAME"),
    ("hall ingest sha256:\(digest) feed:", 1, "the feed's name may hold"),
    ("hall ingest sha256:\(digest) hall", 1, "has not the form"),
    ("hall ingest sha256:\(digest) feed:a feed:b", 1, "has not the form"),
    ("hall read sha256:\(digest) feed:hall", 1, "a feed is only for the scope ingest"),
    ("prometheus metrics, read sha256:\(digest)", 1, "has not the form"),
    ("prometheus metrics,admin sha256:\(digest)", 1, "unknown scope; use some of: metrics, read, ingest"),
    ("prometheus metrics, sha256:\(digest)", 1, "unknown scope"),
    ("bad/name metrics sha256:\(digest)", 1, "the name may hold"),
    ("\(line)\nother read sha256:\(digest)", 2, "the token is already that of line 1"),
    ("\(line)\n\nprometheus read sha256:\(String(repeating: "0", count: 64))", 3, "already that of line 1"),
  ])
  func faultsAreTold(_ text: String, _ line: Int, _ message: String) throws {
    let file = try File(text)
    let error = try #require(throws: SettingsError.self) { try TokenFile.read(file.path) }
    #expect(error.faults.count == 1)
    #expect(error.faults.first?.file == file.path && error.faults.first?.line == line)
    #expect(error.description.contains(message), "\(error)")
    for secret in ["secret", "12ab", TokenTests.digest] { #expect(!error.description.contains(secret)) }
  }

  @Test func allFaultsAreToldAtOnce() throws {
    let file = try File("a b\nc d e\n\(TokenTests.line)\n")
    let error = try #require(throws: SettingsError.self) { try TokenFile.read(file.path) }
    #expect(error.faults.map(\.line) == [1, 2, 2])
  }

  /// A file that everyone can read or write is refused, with the remedy.
  @Test(arguments: [(0o600, false), (0o640, false), (0o440, false), (0o644, true), (0o602, true), (0o601, true)])
  func aFileOpenToAllIsRefused(_ mode: Int, _ isRefused: Bool) throws {
    let file = try File(TokenTests.line, mode: mode)
    do {
      #expect(try TokenFile.read(file.path).count == 1)
      #expect(!isRefused)
    } catch {
      #expect(isRefused)
      #expect(error.description.contains("chmod o= \(file.path)"))
    }
  }

  @Test func aFileThatIsNotThereLetsNobodyIn() throws {
    let book = try TokenBook(file: "/tmp/no-tokens-\(UUID().uuidString)")
    #expect(book.judge("Bearer secret", scope: .metrics) == .unknown)
    #expect(book.trouble?.contains("bizclock token --file") == true)
    // Nor does one that cannot be read.
    let unreadable = try TokenBook(file: "/tmp")
    #expect(unreadable.judge("Bearer secret", scope: .metrics) == .unknown)
    #expect(unreadable.trouble?.contains("chmod 640 /tmp") == true)
  }

  @Test(
    arguments: [
      ("Bearer secret", .metrics, .allowed("prometheus", feed: nil)),
      ("bearer  secret", .metrics, .allowed("prometheus", feed: nil)),
      ("Bearer secret", .read, .lacksScope), ("Bearer secret", .ingest, .lacksScope),
      ("Bearer Secret", .metrics, .unknown), ("Bearer secret2", .metrics, .unknown),
      ("Bearer secre", .metrics, .unknown),
      ("Bearer \(digest)", .metrics, .unknown), ("Basic secret", .metrics, .missing),
      ("secret", .metrics, .missing),
      ("Bearer", .metrics, .missing), ("Bearer a secret", .metrics, .missing), (nil, .metrics, .missing),
      ("", .metrics, .missing), ("Bearer \(String(repeating: "x", count: 513))", .metrics, .missing),
    ] as [(String?, TokenScope, TokenBook.Verdict)])
  func whoIsLetIn(_ authorization: String?, _ scope: TokenScope, _ verdict: TokenBook.Verdict) throws {
    let file = try File(TokenTests.line)
    #expect(try TokenBook(file: file.path).judge(authorization, scope: scope) == verdict)
  }

  /// Reading the file again takes what is in it; a fault leaves things as they were.
  @Test func theFileIsReadAgain() throws {
    let file = try File(TokenTests.line)
    let book = try TokenBook(file: file.path)
    let (text, token) = AccessToken.make(name: "new", scopes: [.metrics, .ingest], feed: "hall")
    try file.write(token.line + "\n")
    #expect(book.judge("Bearer \(text)", scope: .metrics) == .unknown)
    try book.reload()
    #expect(book.judge("Bearer \(text)", scope: .metrics) == .allowed("new", feed: "hall"))
    #expect(book.judge("Bearer secret", scope: .metrics) == .unknown)
    try file.write("nonsense\n")
    #expect(throws: SettingsError.self) { try book.reload() }
    #expect(book.judge("Bearer \(text)", scope: .metrics) == .allowed("new", feed: "hall"))
  }

  /// What a reading changed is told by names, never by what the file holds; one that cannot be read is told, too.
  @Test func whatTheFileBecameIsTold() throws {
    let file = try File(TokenTests.line)
    let book = try TokenBook(file: file.path)
    #expect(try book.reload().change == nil)
    let (_, hall) = AccessToken.make(name: "hall", scopes: [.ingest], feed: "hall")
    try file.write(TokenTests.line + "\n" + hall.line + "\n")
    #expect(try book.reload().change == "tokens added: hall; 2 known")
    let (_, other) = AccessToken.make(name: "hall", scopes: [.ingest], feed: "hall")
    try file.write(other.line + "\n")
    #expect(try book.reload().change == "tokens changed: hall; tokens removed: prometheus; 1 known")
    let many = (1...21).map { AccessToken.make(name: "t\($0)", scopes: [.read], feed: nil).token.line + "\n" }
    try file.write(many.joined())
    let long = try #require(try book.reload().change)
    #expect(long.hasSuffix(", t20, …; tokens removed: hall; 21 known"), "\(long)")
    #expect(rename(file.path, file.path + ".x") == 0)
    var gone = try book.reload()
    #expect(gone.change?.hasSuffix("; no token is known") == true)
    for _ in 0..<2 {
      let trouble = try #require(gone.trouble)
      #expect(trouble.contains("nobody is let in") && trouble.contains("\(file.path) is not there; make it with"))
      #expect(trouble.hasSuffix("; then reload bizclock"))
      gone = try book.reload()
      #expect(gone.change == nil)
    }
    #expect(rename(file.path + ".x", file.path) == 0)
    let back = try book.reload()
    #expect(back.trouble == nil && back.change?.hasSuffix("; 21 known") == true)
  }

  /// Tokens are long, random and unlike each other, and their line does not hold them.
  @Test func newTokensAreNew() throws {
    let made = (0..<50).map { _ in AccessToken.make(name: "a", scopes: [.ingest, .metrics], feed: "b") }
    #expect(Set(made.map(\.text)).count == 50)
    for (text, token) in made {
      #expect(text.utf8.count == 68 && text.hasPrefix("bzc_"))
      #expect(!token.line.contains(text.dropFirst(4)))
      #expect(token.line.hasPrefix("a metrics,ingest sha256:") && token.line.hasSuffix(" feed:b"))
      #expect(try TokenFile.parse(Array(token.line.utf8), file: "tokens") == [token])
      #expect(token.digest == AccessToken.digest(of: text))
    }
  }
}
