import Foundation
import TestSupport
import Testing

@testable import Daemon

/// Two daemons on one database, the first of which leads.
enum TwoOffices {
  struct Office: Sendable {
    var folder: OfficeFolder
    var daemon: DaemonProcess
  }

  static func with(_ body: @Sendable (Office, Office, String) async throws -> Void) async throws {
    try await started { first, second, conninfo in
      try await body(first, second, conninfo)
      for office in [first, second] {
        office.daemon.signal(SIGTERM)
        #expect(try await office.daemon.exit() == 0)
      }
    }
  }

  /// The same for a body that sees the daemons end.
  static func started(_ body: @Sendable (Office, Office, String) async throws -> Void) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let (one, two) = (try OfficeFolder(conninfo: conninfo), try OfficeFolder(conninfo: conninfo))
      defer {
        one.remove()
        two.remove()
      }
      try await one.migrate()
      let first = Office(folder: one, daemon: try one.start())
      try await first.daemon.logged("leader.elected")
      let second = Office(folder: two, daemon: try two.start())
      try await second.daemon.logged("ready")
      try await body(first, second, conninfo)
    }
  }
}
