import Foundation
import LibPQ
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
  func kill() throws {
    let victims = try processes()
    for victim in victims { Glibc.kill(victim, SIGKILL) }
    // A process that is being ended still counts as running; the next start would refuse.
    while victims.contains(where: { Glibc.kill($0, 0) == 0 }) { sched_yield() }
  }

  /// The server's process and all its backends'.
  func processes() throws -> [pid_t] {
    let text = try String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)
    let pid = try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
    var processes = [pid]
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let child = pid_t(entry),
        let stat = try? String(contentsOfFile: "/proc/\(entry)/stat", encoding: .utf8),
        let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 1,
        pid_t(fields[1]) == pid
      else { continue }
      processes.append(child)
    }
    return processes
  }

  func remove() {
    try? cluster.stop(fast: false)
    try? FileManager.default.removeItem(atPath: directory)
  }
}
