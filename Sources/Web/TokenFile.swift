import Glibc
import Settings

/// The file of tokens: one a line, `NAME SCOPE[,SCOPE] sha256:HEX`, for the scope `ingest` with ` feed:NAME` behind it;
/// `#` before comments.
public enum TokenFile {
  /// How many tokens a file may hold: each is compared with whatever a request brings.
  static let most = 1_000

  /// What a file gives.
  enum Reading: Equatable {
    case tokens([AccessToken])
    /// It is not there; in words, with what to do.
    case missing(String)
    /// It cannot be read, mostly by this user; in words, with what to do.
    case unreadable(String)
  }

  /// Reads a file; one that is not there holds no tokens.
  public static func read(_ path: String) throws(SettingsError) -> [AccessToken] {
    switch try look(path) {
    case .tokens(let tokens): return tokens
    case .missing: return []
    case .unreadable(let words): throw SettingsError(SettingsFault(file: path, message: words))
    }
  }

  /// Reads a file. It must not be open to everyone.
  ///
  /// All faults are in the error, each with file and line; what a line holds is in none of them.
  static func look(_ path: String) throws(SettingsError) -> Reading {
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(path, limit: 1 << 20)
    } catch {
      if error.isMissing {
        return .missing("\(path) is not there; make it with: bizclock token --file \(path)")
      }
      return .unreadable("cannot be read (\(error)); run: chown root:bizclock \(path) && chmod 640 \(path)")
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & 0o007 != 0 {
      throw SettingsError(
        SettingsFault(file: path, message: "is open to every user; run: chmod o= \(path)"))
    }
    return .tokens(try parse(bytes, file: path))
  }

  /// Reads a file's bytes.
  static func parse(_ bytes: [UInt8], file: String) throws(SettingsError) -> [AccessToken] {
    var tokens: [AccessToken] = []
    var faults: [SettingsFault] = []
    var names: [Substring: Int] = [:]
    var digests: [[UInt8]: Int] = [:]
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, whole) in lines.enumerated() {
      let line = whole.prefix { $0 != "#" }
      let words = line.split { $0 == " " || $0 == "\t" }
      guard !words.isEmpty else { continue }
      func fault(_ message: String) {
        faults.append(SettingsFault(file: file, line: index + 1, message: message))
      }
      guard (3...4).contains(words.count), words.count == 3 || words[3].hasPrefix("feed:") else {
        fault("has not the form NAME SCOPE[,SCOPE] sha256:HEX [feed:NAME]; make a line with: bizclock token")
        continue
      }
      var isGood = true
      if !AccessToken.isName(words[0]) {
        fault("the name may hold up to 64 letters, digits, dots, dashes and underscores")
        isGood = false
      } else if let other = names.updateValue(index + 1, forKey: words[0]) {
        fault("the name is already that of line \(other); give each token its own")
        isGood = false
      }
      var scopes: Set<TokenScope> = []
      for word in words[1].split(separator: ",", omittingEmptySubsequences: false) {
        if let scope = TokenScope(rawValue: String(word)) {
          scopes.insert(scope)
        } else {
          let known = TokenScope.allCases.map(\.rawValue).joined(separator: ", ")
          fault("has an unknown scope; use some of: \(known), with commas and no spaces between")
          isGood = false
          break
        }
      }
      let feed = words.count == 4 ? String(words[3].dropFirst(5)) : nil
      if let problem = AccessToken.problem(scopes: scopes, feed: feed) {
        fault(problem)
        isGood = false
      }
      guard let digest = digest(words[2]) else {
        fault("the third word is not sha256: and 64 hexadecimal digits; the token itself does not belong here")
        continue
      }
      if let other = digests.updateValue(index + 1, forKey: digest) {
        fault("the token is already that of line \(other)")
        isGood = false
      }
      if isGood {
        tokens.append(AccessToken(name: String(words[0]), scopes: scopes, feed: feed, digest: digest))
      }
    }
    if tokens.count > most {
      faults.append(SettingsFault(file: file, message: "holds more than \(most) tokens"))
    }
    guard faults.isEmpty else { throw SettingsError(faults: faults) }
    return tokens
  }

  private static func digest(_ word: Substring) -> [UInt8]? {
    guard word.hasPrefix("sha256:") else { return nil }
    let digits = Array(word.utf8.dropFirst(7))
    guard digits.count == 64 else { return nil }
    var digest: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Hexadecimal.value(digits[index]), let low = Hexadecimal.value(digits[index + 1]) else {
        return nil
      }
      digest.append(high << 4 | low)
    }
    return digest
  }
}
