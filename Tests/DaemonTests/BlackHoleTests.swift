import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 2 and 5 with a leader that is cut off: its connections stay open, and nothing goes through.
@Suite(.serialized, .alone) struct BlackHoleTests {
  /// What the leader is at when the hole opens.
  enum Moment: String, CaseIterable {
    /// It waits for work.
    case idle
    /// Inside the projecting transaction, at the COPY of new cases: the server waits for rows that never come.
    case copying
    /// Inside the projecting transaction, between two statements.
    case projecting
    /// It holds the append lock, at the COPY of events.
    case appending
    /// It writes log lines that are still in the queue.
    case logging

    var table: String? {
      switch self {
      case .copying: "bizclock.case_file"
      case .projecting: "bizclock.metric_cell"
      case .appending: "bizclock.event"
      case .idle, .logging: nil
      }
    }
  }

  /// One way of the hole for each moment, all three in a thorough run.
  private static var scenarios: [(Moment, BlackHole.Way)] {
    let ways: [BlackHole.Way] = [.both, .up, .down]
    if Thorough.rounds > 1 { return ways.flatMap { way in Moment.allCases.map { ($0, way) } } }
    return [
      (.idle, .both), (.copying, .both), (.projecting, .down), (.appending, .both), (.logging, .up), (.idle, .down),
    ]
  }

  private struct Office {
    var folder: OfficeFolder
    var daemon: DaemonProcess
    var hole: BlackHole
  }

  @Test func aLeaderCutOffIsReplaced() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    var offices: [Office] = []
    defer {
      for office in offices {
        office.hole.end()
        office.folder.remove()
      }
    }
    for number in 0..<2 {
      let hole = try #require(BlackHole(port: node.port))
      let folder = try OfficeFolder(
        conninfo: node.conninfo, daemon: "host=127.0.0.1 port=\(hole.port) user=bizclock dbname=bizclock")
      if number == 0 { try await folder.migrate() }
      let daemon = try folder.start()
      try await daemon.logged("ready")
      offices.append(Office(folder: folder, daemon: daemon, hole: hole))
    }
    let load = try Load(seed: 31, files: BlackHoleTests.scenarios.count * 2 + 1)
    var files = load.files[...]
    var put = [0, 0]
    for (moment, way) in BlackHoleTests.scenarios {
      let context =
        "\(moment.rawValue), \(way == .both ? "both ways" : way == .up ? "to the server" : "from the server")"
      let holder = try await BlackHoleTests.holder(node)
      let first = try #require(offices.firstIndex { holder.hasSuffix("pid \($0.daemon.pid)") })
      let (leader, other) = (offices[first], offices[1 - first])
      let barrier = if let table = moment.table { try await Barrier(table, node.conninfo) } else { Barrier?.none }
      if moment != .idle {
        let before = leader.daemon.lines.count
        try leader.folder.put(files.removeFirst())
        put[first] += 1
        if moment == .logging {
          try await TestDeadline.within(TestDeadline.patience, "a line about an alert, \(context)") {
            while !leader.daemon.lines.dropFirst(before).contains(where: { $0.contains("alert.") }) {
              try Task.checkCancellation()
              await Task.yield()
            }
          }
        }
        try await barrier?.reached()
      }
      leader.hole.swallow(way)
      let begun = ContinuousClock.now
      await barrier?.open()
      // Who takes over does all that there is to do.
      let pid = other.daemon.pid
      try await TestDeadline.within(.seconds(30), "the other to lead, \(context)") {
        while try await !BlackHoleTests.holder(node).hasSuffix("pid \(pid)") { try Task.checkCancellation() }
      }
      let took = ContinuousClock.now - begun
      let next = files.removeFirst()
      try other.folder.put(next)
      put[1 - first] += 1
      try await other.folder.moved(next.name)
      print("BlackHoleTests: \(context): replaced after \(took), appended after \(ContinuousClock.now - begun)")
      #expect(took < .seconds(5), "\(context)")
      #expect(ContinuousClock.now - begun < .seconds(8), "\(context)")
      let epoch = try await TestQuery.rows(node.conninfo, "SELECT epoch::text FROM bizclock.projector")
      leader.hole.swallow([])
      // It finds itself deposed and stands by; nobody is elected anew for it.
      try await TestDeadline.within(.seconds(30), "the former leader to stand by, \(context)") {
        let standing =
          "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'bizclock leader' AND query LIKE '%advisory%'"
        while try await TestQuery.rows(node.conninfo, standing) != [["1"]] { try Task.checkCancellation() }
      }
      for (office, count) in zip(offices, put) {
        try await office.folder.finished(Load(files: Array(load.files.prefix(count))))
      }
      #expect(
        try await TestQuery.rows(node.conninfo, "SELECT epoch::text FROM bizclock.projector") == epoch, "\(context)"
      )
    }
    for file in files { try offices[0].folder.put(file) }
    try await offices[0].folder.finished(Load(files: Array(load.files.prefix(put[0] + files.count))))
    try await SameAsUndisturbed.check(load, offices[0].folder, offices.map(\.daemon))
    for office in offices {
      office.daemon.signal(SIGTERM)
      #expect(try await office.daemon.exit() == 0)
    }
  }

  private static func holder(_ node: PostgresNode) async throws -> String {
    // Elected by a daemon that got further than its election: the row is its own, and so is the lock.
    try await TestQuery.rows(node.conninfo, "SELECT holder FROM bizclock.projector")[0][0]
  }

  /// Hosts that a service file names are each given their time, as those of a conninfo are: one that says nothing keeps
  /// nobody from the next.
  @Test func aSilentHostOfAService() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    let hole = try #require(BlackHole(port: node.port))
    defer { hole.end() }
    hole.swallow(.both)
    let file = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try """
    [office]
    host=127.0.0.1,127.0.0.1
    port=\(hole.port),\(node.port)
    user=bizclock
    dbname=bizclock
    connect_timeout=1
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let run = try await ProgramRun.finished(
      ["migrate"], environment: ["BIZCLOCK_DATABASE": "service=office", "PGSERVICEFILE": file])
    #expect(run.status == 0, "\(run.errors)")
  }
}
