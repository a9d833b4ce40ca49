import Foundation
import Journal
import LibPQ
import ServiceTime
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// The watchdog is fed while every part of the daemon goes on, whatever the database does.
@Suite(.serialized, .alone) struct PulseTests {
  private static let isPing: @Sendable (String) -> Bool = { $0 == "WATCHDOG=1" }

  /// Frozen, then killed, for longer than the watchdog's interval: the pings go on, and the status says it.
  @Test func aDatabaseThatIsAwayIsNoReason() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    try await ServiceManager.overseeing(server.conninfo, watchdog: 4_000_000) { folder, manager, daemon in
      try await manager.told("its part", within: .seconds(30)) {
        $0.hasPrefix("STATUS=leads; 0 events behind; 0 open")
      }

      let load = try Load(seed: 61, files: 2)
      server.signal(SIGSTOP)
      try folder.put(load.files[0])
      var before = manager.messages.count
      try await manager.told("pings under a frozen database", times: 5, after: before, PulseTests.isPing)
      try await manager.told("that it is away", after: before) { $0.hasPrefix("STATUS=database away since 20") }
      server.signal(SIGCONT)

      try server.kill()
      try await daemon.logged("database.lost")
      before = manager.messages.count
      try folder.put(load.files[1])
      try await manager.told("pings without a database", times: 4, after: before, PulseTests.isPing)
      try await server.start()
      try await folder.finished(load)
      before = manager.messages.count
      try await manager.told("its part again", after: before) { $0.hasPrefix("STATUS=leads; 0 events behind") }
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      #expect(!daemon.records.contains { $0["event"] == "service.hangs" })
      let stopping = try #require(manager.messages.firstIndex { $0.hasPrefix("STOPPING=1") })
      #expect(!manager.messages[stopping...].contains { $0.hasPrefix("STATUS=") || $0.hasPrefix("READY=1") })
    }
  }

  /// A spool directory that does not answer: the feed's loop hangs, is named, and no ping is sent until it goes on.
  @Test(.enabled(if: DeadMount.isPossible, "no file system can be mounted"))
  func aDirectoryThatHangsEndsThePings() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      try await ServiceManager.overseeing(conninfo, watchdog: 2_000_000) { folder, manager, daemon in

        let directory = open(folder.spool, O_RDONLY | O_DIRECTORY)
        try #require(directory >= 0)
        defer { close(directory) }
        let dead = try DeadMount(over: folder.spool)
        // Into the directory below, which the daemon watches: it looks whether that is still in its place.
        let file = openat(directory, "1.ndjson", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        let line = DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00") + "\n"
        #expect(write(file, line, line.utf8.count) == line.utf8.count)
        close(file)
        do {
          try await manager.told("the loop that hangs") {
            $0.hasPrefix("STATUS=hangs: ") && $0.contains("feed office")
          }
          try await daemon.logged("service.hangs")
          let hung = manager.messages.count
          // The next line of the status comes after ten seconds: five pings would have been sent.
          try await manager.told("a status", after: hung) { $0.hasPrefix("STATUS=leads") }
          #expect(!manager.messages[hung...].contains("WATCHDOG=1"))
        } catch {
          dead.remove()
          throw error
        }
        dead.remove()
        let gone = manager.messages.count
        try await manager.told("pings again", times: 2, after: gone, PulseTests.isPing)
        try await TestDeadline.within(TestDeadline.patience, "the file") {
          let events = "SELECT count(*)::text FROM bizclock.event"
          while try await TestQuery.rows(conninfo, events) != [["1"]] { try Task.checkCancellation() }
        }
        let told = try #require(daemon.records.first { $0["event"] == "service.hangs" })
        #expect(told["hangs"]?.contains("feed office") == true)
        #expect(told["priority"] == "critical")
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
    }
  }

  /// A log that takes a line and never returns: the leader cannot go on, and no ping is sent.
  @Test func aLogThatHangsEndsThePings() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let manager = try ServiceManager()
      defer { manager.remove() }
      let log = StuckSink()
      let clock = ManualClock(Instant(rfc3339: DaemonTestBase.start) ?? .earliest)
      let installation = Installation(
        configuration: DaemonTestBase.configuration(conninfo, spool: spool),
        database: DatabaseSource(conninfo: conninfo), cluster: nil)
      let daemon = BizclockDaemon(
        database: installation.database, feeds: try installation.servedFeeds(processes: ["opening"]), clock: clock,
        log: log, holder: "test", notifier: ServiceNotifier(socket: manager.path), watchdog: .seconds(2))
      let task = Task { try await daemon.run() }
      try await TestDeadline.within(TestDeadline.patience, "ready") { _ = await daemon.state.wait { $0.isReady } }
      try await manager.told("pings", times: 2, PulseTests.isPing)
      try (DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00") + "\n").write(
        toFile: spool + "/1.ndjson", atomically: true, encoding: .utf8)
      try await TestDeadline.within(TestDeadline.patience, "the event") {
        _ = await daemon.state.wait { $0.position >= 1 }
      }
      log.stick()
      clock.advance(to: Instant(rfc3339: "2026-09-16T17:30:00+08:00") ?? .earliest)
      try await manager.told("the log that hangs") { $0.hasPrefix("STATUS=hangs: ") && $0.contains("log") }
      #expect(daemon.heartbeats.overdue.contains("log"))
      let hung = manager.messages.count
      try await manager.told("a status", after: hung) { $0.hasPrefix("STATUS=leads") }
      #expect(!manager.messages[hung...].contains("WATCHDOG=1"))
      log.free()
      let free = manager.messages.count
      try await manager.told("pings again", times: 2, after: free, PulseTests.isPing)
      task.cancel()
      _ = await task.result
    }
  }

  /// A batch in hand when the daemon is told to stop: it says that it stops, and asks for more time until it is done.
  @Test func aStopThatTakesItsTimeAsksForIt() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      try await ServiceManager.overseeing(conninfo, watchdog: 30_000_000) { folder, manager, daemon in
        let barrier = try await Barrier("bizclock.feed", conninfo)
        try folder.put(Load(seed: 62, files: 1).files[0])
        try await barrier.reached()
        daemon.signal(SIGTERM)
        try await manager.told("the stop") { $0 == "STOPPING=1\nSTATUS=finishing what is in hand" }
        let told = manager.messages.count
        try await manager.told("more time", after: told - 1) { $0 == "EXTEND_TIMEOUT_USEC=30000000" }
        await barrier.open()
        #expect(try await daemon.exit() == 0)
      }
    }
  }
}

/// A log that can be made to hold whoever writes.
private final class StuckSink: LogSink {
  private let isStuck = Mutex(false)
  private let door = NSCondition()

  var dropped: Int { 0 }
  func write(_ record: LogRecord) -> Bool { write(contentsOf: [record]) == 1 }
  func write(contentsOf records: [LogRecord]) -> Int {
    door.lock()
    while isStuck.withLock({ $0 }) { door.wait() }
    door.unlock()
    return records.count
  }

  func stick() { isStuck.withLock { $0 = true } }
  func free() {
    door.lock()
    isStuck.withLock { $0 = false }
    door.broadcast()
    door.unlock()
  }
}
