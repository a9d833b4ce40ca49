import Foundation
import Journal
import TestSupport
import Testing

@testable import Daemon

/// What goes wrong with files and directories is told, and the rest goes on.
@Suite struct SpoolServiceTests {
  /// Moved away, another put in its place: that is watched, though nobody starts the daemon again.
  @Test func aDirectoryReplacedUnderTheDaemonIsWatched() async throws {
    try await DaemonTestBase.withDaemon { office in
      let spool = office.spool
      defer { for end in [".old", ".new"] { try? FileManager.default.removeItem(atPath: spool + end) } }
      try office.put("1.ndjson", [event("C1")])
      try await office.projected(through: 1)
      #expect(rename(spool, spool + ".old") == 0)
      try await said("the spool directory \(spool) cannot be opened", office)
      #expect(mkdir(spool + ".new", 0o700) == 0)
      #expect(rename(spool + ".new", spool) == 0)
      try office.put("2.ndjson", [event("C2")])
      try await office.projected(through: 2)
      // And what comes later.
      try office.put("3.ndjson", [event("C3")])
      try await office.projected(through: 3)
      #expect(count("cannot be opened", office) == 1)
      #expect(count("another directory is at \(spool)", office) == 1)
    }
  }

  /// Between two scans: the second looks into the new one. Somebody may be writing there: what is there rests first.
  @Test func aWatcherFollowsThePath() throws {
    let path = FileManager.default.temporaryDirectory.path + "/bizclock-\(UUID().uuidString)"
    defer { for end in ["", ".old"] { try? FileManager.default.removeItem(atPath: path + end) } }
    #expect(mkdir(path, 0o700) == 0)
    var later = 0
    let watcher = SpoolWatcher(path, among: SpoolPlaces(), atStart: true) { time(nil) + later }
    var renewals = 0
    #expect(try watcher.scan { renewals += 1 } == [])
    for round in 1...2 {
      #expect(rename(path, path + ".old") == 0)
      #expect(mkdir(path, 0o700) == 0)
      try "x".write(toFile: path + "/\(round)", atomically: false, encoding: .utf8)
      later = 0
      #expect(try watcher.scan { renewals += 1 } == [])
      later = 60
      for _ in 1...2 { #expect(try watcher.scan { renewals += 1 } == ["\(round)"]) }
      #expect(renewals == round)
      let file = try #require(try watcher.open("\(round)"))
      close(file.descriptor)
      try watcher.finish(file)
      #expect(access(path + "/done/\(round)", F_OK) == 0)
      try FileManager.default.removeItem(atPath: path + ".old")
    }
  }

  /// The system keeps so many notices and no more: they are taken while a file waits for the database, too.
  @Test func newsAreTakenWhileTheDatabaseIsAway() async throws {
    try await DaemonTestBase.withDaemon { office in
      let state = office.daemon.state
      try await TestDeadline.within(TestDeadline.patience, "the first look") {
        _ = await state.wait { !$0.feedsSeen.isEmpty }
      }
      let barrier = try await Barrier("bizclock.feed", office.conninfo)
      try office.put("1.ndjson", [event("C1")])
      try await barrier.reached()
      try office.put("2.ndjson", [event("C2")])
      let watch = try #require(try watch(of: office.spool))
      try await TestDeadline.within(.seconds(60), "the notices to be taken") {
        while true {
          var descriptor = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
          if poll(&descriptor, 1, 0) == 0 { return }
          try Task.checkCancellation()
          await Task.yield()
        }
      }
      #expect(access(office.spool + "/1.ndjson", F_OK) == 0)
      await barrier.open()
      // What was told meanwhile is not left to the minute's look.
      try await TestDeadline.within(.seconds(45), "the second file") { _ = await state.wait { $0.position >= 2 } }
    }
  }

  /// The descriptor of this process that watches a directory.
  private func watch(of path: String) throws -> Int32? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let mark = "ino:" + String(status.st_ino, radix: 16) + " "
    let name = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo").first { name in
      let text = try? String(contentsOfFile: "/proc/self/fdinfo/" + name, encoding: .utf8)
      return text.map { $0.contains("inotify ") && $0.contains(mark) } ?? false
    }
    return name.flatMap { Int32($0) }
  }

  /// done/ is no directory: each file is told of once and read once, and moves when done/ is right again.
  @Test func aFileThatCannotBeMovedHoldsNoOtherUp() async throws {
    try await DaemonTestBase.withDaemon { office in
      let state = office.daemon.state
      try await TestDeadline.within(TestDeadline.patience, "the first look") {
        _ = await state.wait { !$0.feedsSeen.isEmpty }
      }
      #expect(rmdir(office.spool + "/done") == 0)
      try "".write(toFile: office.spool + "/done", atomically: false, encoding: .utf8)
      for number in 1...3 {
        try office.put("\(number).ndjson", [event("C\(number)")])
        try await office.projected(through: Int64(number))
        try await said("\(number).ndjson cannot be moved to done/ (Not a directory); its events are in", office)
      }
      #expect(unlink(office.spool + "/done") == 0)
      // The oldest first: once this one is in, the others were moved.
      try office.put("4.ndjson", [event("C4")])
      try await office.projected(through: 4)
      for number in 1...3 { #expect(access("\(office.spool)/done/\(number).ndjson", F_OK) == 0) }
      #expect(count("cannot be moved", office) == 3)
      #expect(try await office.query("SELECT received::text, duplicates::text FROM bizclock.feed") == [["4", "0"]])
    }
  }

  /// The database refuses one file's events for good: it is told of once, and read again when it has changed.
  @Test func aFileThatTheDatabaseRefusesHoldsNoOtherUp() async throws {
    try await DaemonTestBase.withDaemon { office in
      _ = try await office.query(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.case_id = 'BAD' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$
        """)
      _ = try await office.query(
        "CREATE TRIGGER refuse BEFORE INSERT ON bizclock.event FOR EACH ROW EXECUTE FUNCTION refuse()")
      try office.put("1.ndjson", [event("BAD")])
      try await said("1.ndjson cannot be taken in", office)
      for number in 2...4 {
        try office.put("\(number).ndjson", [event("C\(number)")])
        try await office.projected(through: Int64(number) - 1)
      }
      #expect(count("cannot be taken in", office) == 1)
      #expect(access(office.spool + "/1.ndjson", F_OK) == 0)
      _ = try await office.query("DROP TRIGGER refuse ON bizclock.event")
      try office.put("1.ndjson", [event("BAD"), event("C1")])
      try await office.projected(through: 5)
      #expect(try await office.query("SELECT received::text, duplicates::text FROM bizclock.feed") == [["5", "0"]])
    }
  }

  private func event(_ caseID: String) -> String {
    DaemonTestBase.event(caseID, "accepted", "2026-09-14T07:59:00+08:00")
  }

  /// Waits for a log line that holds some words.
  private func said(_ words: String, _ office: EmbeddedDaemon) async throws {
    let log = office.log
    try await TestDeadline.within(TestDeadline.patience, "“\(words)” in the log") {
      for await record in log.stream() where record.message.contains(words) { return }
      throw CancellationError()
    }
  }

  private func count(_ words: String, _ office: EmbeddedDaemon) -> Int {
    office.log.records.count { $0.message.contains(words) }
  }
}
