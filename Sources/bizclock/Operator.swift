import ArgumentParser
import Glibc

/// Who does something that is recorded.
enum Operator {
  /// The name given, else that of the login, else of the user that the program runs as.
  static func name(_ given: String?) throws -> String {
    if let given { return try text(given, "--by") }
    if let login = getlogin() { return String(cString: login) }
    if let user = getpwuid(getuid()), let name = user.pointee.pw_name { return String(cString: name) }
    return "user \(getuid())"
  }

  /// Refuses a name or a reason that says nothing.
  static func check(by name: String?, reason: String) throws {
    if let name { _ = try text(name, "--by") }
    _ = try text(reason, "--reason")
  }

  /// Refuses what cannot be a token of `diff`, so that a slip of the pen is not taken for a change of the world.
  static func check(token: String) throws {
    let parts = token.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ $0.count == 16 && $0.allSatisfy(\.isHexDigit) }) else {
      throw ValidationError("--expect takes the token that diff prints, or its part before the dash.")
    }
  }

  /// A text to be recorded: not blank, without NUL, which the database cannot hold.
  static func text(_ given: String, _ option: String) throws -> String {
    guard given.contains(where: { !$0.isWhitespace }) else {
      throw ValidationError("\(option) is empty: it is recorded for those who come later.")
    }
    guard !given.unicodeScalars.contains("\0"), given.utf8.count <= 4_000 else {
      throw ValidationError("\(option) has at most 4,000 bytes, and no NUL.")
    }
    return given
  }
}
