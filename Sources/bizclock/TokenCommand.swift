import ArgumentParser
import Glibc
import Settings
import Web

/// Makes a token for the HTTP interface.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make a bearer token for the HTTP interface.",
    discussion: """
      The token is printed once and kept nowhere; the file of http.tokens holds its hash, in the line that is printed \
      after it. With metrics a token reads /metrics, with read it reads cases, and with ingest it posts events of one \
      feed. A token is taken back by deleting its line.
      """)

  @Option(help: "Whose it is: letters, digits, dots, dashes and underscores.") var name: String
  @Option(help: "What it is good for: metrics, read or ingest; may be given again.") var scope: [TokenScope]
  @Option(help: "For the scope ingest: the feed of kind http for which events may be posted with it.")
  var feed: String?
  @Option(help: "Append the line to this file, which is made with mode 0600 if it is not there.") var file: String?

  func run() throws {
    guard AccessToken.isName(name) else {
      throw ValidationError("--name takes up to 64 letters, digits, dots, dashes and underscores.")
    }
    guard !scope.isEmpty else { throw ValidationError("--scope is missing; give metrics, read or ingest.") }
    if let problem = AccessToken.problem(scopes: Set(scope), feed: feed) {
      throw ValidationError(
        feed == nil ? "--feed is missing: a token of the scope ingest is for one feed." : "--feed: \(problem).")
    }
    let (text, token) = AccessToken.make(name: name, scopes: Set(scope), feed: feed)
    if let file {
      let isNew = try TokenCommand.append(token, to: file)
      Terminal.print(text)
      // Made by the daemon's own user it is as it must be, and nobody but root could give it away.
      let remedy = geteuid() == 0 ? ": chown root:bizclock \(file) && chmod 640 \(file)" : ""
      Terminal.note(
        "\(isNew ? "made" : "added to") \(file), which the daemon must be able to read and nobody else\(remedy)")
    } else {
      Terminal.print(text)
      Terminal.note(token.line)
    }
  }

  /// Appends a token's line; true if the file is new.
  private static func append(_ token: AccessToken, to file: String) throws -> Bool {
    // Faults of the file are told before it is touched.
    let there = try TokenFile.read(file)
    guard !there.contains(where: { $0.name == token.name }) else {
      throw SettingsError(
        SettingsFault(
          file: file, message: "has a token of the name \(token.name); delete its line, or choose another"))
    }
    var isNew = true
    var descriptor = open(file, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0, errno == EEXIST {
      isNew = false
      descriptor = open(file, O_RDWR | O_APPEND | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw CommandFailure.io("\(file) cannot be opened") }
    defer { close(descriptor) }
    // A last line without its end must not become one with this.
    var last: UInt8 = 0
    let size = lseek(descriptor, 0, SEEK_END)
    let needsEnd = size > 0 && pread(descriptor, &last, 1, size - 1) == 1 && last != UInt8(ascii: "\n")
    let bytes = Array(((needsEnd ? "\n" : "") + token.line + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      throw CommandFailure.io("\(file) cannot be written")
    }
    return isNew
  }
}

extension TokenScope: ExpressibleByArgument {}
