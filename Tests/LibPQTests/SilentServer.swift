import Glibc

/// A socket that listens and never answers, as a frozen server does.
final class SilentServer: Sendable {
  /// The directory of the socket.
  let directory: String
  private let listener: Int32

  init?() {
    var template = Array("/tmp/bizclock-silent-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let listener = SocketRelay.listener(directory + "/.s.PGSQL.5432")
    guard listener >= 0 else { return nil }
    self.directory = directory
    self.listener = listener
  }

  deinit {
    close(listener)
    unlink(directory + "/.s.PGSQL.5432")
    rmdir(directory)
  }
}
