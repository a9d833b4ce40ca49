import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// A PostgreSQL server of one test's own, so that it can be killed; with fsync on, as in production.
final class OwnServer: Sendable {
  let directory: String
  private let cluster: PrivateCluster

  init() throws {
    directory = "/tmp/bizclock-own-\(UUID().uuidString.prefix(8))"
    cluster = try PrivateCluster(directory: directory)
  }

  /// How to reach its database, whether it runs or not.
  var conninfo: String { "host=\(directory)/socket port=5432 user=bizclock dbname=bizclock" }

  func start() async throws { _ = try await cluster.start() }

  /// Ends the server and all its backends as a power cut would.
  func kill() throws { try ServerProcesses.kill(data: directory + "/data") }

  /// Sends the server and all its backends a signal.
  func signal(_ number: Int32) {
    for pid in ServerProcesses.all(data: directory + "/data") { Glibc.kill(pid, number) }
  }

  func remove() {
    try? cluster.stop(fast: false)
    try? FileManager.default.removeItem(atPath: directory)
  }
}
