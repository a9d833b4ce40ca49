import Foundation
import TestSupport
import Testing

@testable import Daemon

/// A primary whose commits wait for a synchronous standby, and an office on whichever of the two takes writes.
final class FailoverPair: Sendable {
  static let confirmed = "SELECT count(*)::text FROM pg_stat_replication WHERE sync_state = 'sync'"
  let primary: PostgresNode
  let standby: PostgresNode
  /// Asked by the test at the primary; the daemon knows both.
  let office: OfficeFolder
  let conninfo: String

  init(tcp: Bool) async throws {
    primary = try PostgresNode()
    do {
      try primary.start()
      try primary.createDatabase()
      standby = try PostgresNode(following: primary, as: "second")
    } catch {
      primary.remove()
      throw error
    }
    conninfo = PostgresNode.conninfo([primary, standby], tcp: tcp)
    office = try OfficeFolder(conninfo: primary.conninfo, daemon: conninfo)
    try standby.start()
    // The promoted one has no standby of its own: there the names stay empty.
    try primary.configure(["synchronous_standby_names='second'"])
    try primary.reload()
    try await confirming()
    try await office.migrate()
  }

  /// Waits until the standby confirms commits.
  func confirming() async throws {
    let conninfo = primary.conninfo
    try await TestDeadline.within(.seconds(30), "the standby to confirm commits") {
      while try await TestQuery.rows(conninfo, FailoverPair.confirmed) != [["1"]] { try Task.checkCancellation() }
    }
  }

  /// The files that were told to be accepted.
  var done: Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: office.spool + "/done")) ?? [])
  }

  func remove() {
    primary.remove()
    standby.remove()
    office.remove()
  }
}
