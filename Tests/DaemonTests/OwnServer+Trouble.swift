import Foundation
import Glibc

/// How a server can be away without being dead.
extension OwnServer {
  /// Stops the server and all its backends where they are: whoever connects is let in and gets no answer.
  func freeze() { signal(SIGSTOP) }

  /// Lets them go on.
  func thaw() { signal(SIGCONT) }

  /// Another way to its socket, which can be cut.
  struct Way: Sendable {
    let folder: String
    let conninfo: String

    /// Nobody comes in by it any more; who is inside stays there.
    func cut() { unlink(folder) }
  }

  /// A way of its own to its database.
  func way() -> Way {
    let folder = "/tmp/bizclock-way-\(UUID().uuidString.prefix(8))"
    symlink(directory + "/socket", folder)
    return Way(folder: folder, conninfo: "host=\(folder) port=5432 user=bizclock dbname=bizclock")
  }
}
