import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Testing

@testable import Daemon

extension AbsenceJournal {
  /// Adds alerts whose lines all get written; says what is wrong with the file.
  fileprivate func add(_ told: [ToldAlert]) -> String? {
    var troubles: [String] = []
    for alert in told { troubles += tell([alert.level], at: alert.toldAt) { 1 }.troubles }
    return troubles.isEmpty ? nil : troubles.joined()
  }
}

/// The two small files that let a daemon start without a database: torn, damaged or unwritable, they are never fatal.
@Suite struct AbsenceFileTests {
  private static let now = Instant(rfc3339: "2026-09-16T17:30:00+08:00") ?? Instant(microseconds: 0)

  private static func level(_ caseID: String, _ change: (inout WatchedLevel) -> Void = { _ in }) -> WatchedLevel {
    var level = WatchedLevel(
      id: AlertID(caseID: caseID, commitment: "opening", round: 1, level: "red", revision: 1), priority: .error,
      dueAt: now, levelAt: now, calendar: "cn", notify: .town, region: "469005100", grid: "g", serviceWindow: "w")
    change(&level)
    return level
  }

  private static func with(_ body: (String) throws -> Void) throws {
    let directory = "/tmp/bizclock-state-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
  }

  /// A journal that was loaded from a directory, and what it said.
  private static func loaded(_ directory: String) -> (journal: AbsenceJournal, trouble: String?) {
    let journal = AbsenceJournal()
    let trouble = journal.load(from: directory)
    return (journal, trouble)
  }

  private static func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  static let fields: [[String]] = [
    [""], ["", ""], ["a"], ["a", "", "b"], ["tab\there", "line\nfeed", "\r", "back\\slash", "\\t"],
    ["企业开办", "𣵦昇", "\u{0}"],
  ]

  @Test(arguments: fields) func aLineIsReadAsItWasWritten(_ fields: [String]) {
    let line = CheckedLine.make(fields)
    #expect(line.filter { $0 == "\n" }.count == 1 && line.hasSuffix("\n"))
    #expect(CheckedLine.read(Array(line.utf8.dropLast())[...]) == fields)
  }

  /// Any one byte changed, or any end cut off, is found.
  @Test func aDamagedLineIsFound() {
    let line = Array(CheckedLine.make(["told", "1", "C1/opening"]).utf8)
    for index in line.indices.dropLast() {
      var damaged = line
      damaged[index] ^= 1
      #expect(CheckedLine.lines(damaged).whole.isEmpty, "byte \(index)")
      #expect(CheckedLine.lines(Array(line[..<index])).whole.isEmpty, "cut at \(index)")
      #expect(CheckedLine.lines(line + Array(line[..<index])).whole.count == 1)
      #expect(CheckedLine.lines(line + Array(line[..<index])).isTorn == (index > 0))
    }
  }

  @Test func whatWasToldIsKnownAfterARestart() throws {
    try AbsenceFileTests.with { directory throws in
      let (journal, trouble) = AbsenceFileTests.loaded(directory)
      #expect(trouble == nil && journal.isEmpty)
      let told = ["C1", "C/2", "C\t3\n"].enumerated().map { index, name in
        ToldAlert(
          level: AbsenceFileTests.level(name) { if index == 1 { $0.region = nil; $0.notify = nil } },
          toldAt: AbsenceFileTests.now + Int64(index))
      }
      #expect(journal.add(Array(told.prefix(2))) == nil)
      #expect(journal.add(Array(told.suffix(1))) == nil)
      #expect(try AbsenceFileTests.mode(directory + "/unrecorded") == 0o600)
      let (again, still) = AbsenceFileTests.loaded(directory)
      #expect(still == nil)
      #expect(again.open == told)
      #expect(again.toldAt(told[1].level.id) == told[1].toldAt)
      #expect(again.untold(told.map(\.level) + [AbsenceFileTests.level("C4")]).map(\.id.caseID) == ["C4"])
      #expect(again.remove(told.prefix(2).map(\.level.id)) == nil)
      let (third, last) = AbsenceFileTests.loaded(directory)
      #expect(last == nil && third.open == [told[2]])
      // Nothing left: no file.
      #expect(third.remove([told[2].level.id]) == nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }
  }

  /// The power went while a line was written: the lines before it count, and the next is not glued to it.
  @Test func aTornLastLine() throws {
    try AbsenceFileTests.with { directory throws in
      let (one, two) = (
        ToldAlert(level: AbsenceFileTests.level("C1"), toldAt: AbsenceFileTests.now),
        ToldAlert(level: AbsenceFileTests.level("C2"), toldAt: AbsenceFileTests.now + 1)
      )
      let (journal, _) = AbsenceFileTests.loaded(directory)
      #expect(journal.add([one, two]) == nil)
      let path = directory + "/unrecorded"
      let bytes = try Data(contentsOf: URL(filePath: path))
      try bytes.dropLast(5).write(to: URL(filePath: path))
      let (again, still) = AbsenceFileTests.loaded(directory)
      // Noted whole, but not added: perhaps it was told.
      #expect(still == nil && again.open == [one, AbsenceFileTests.perhaps(two)])
      #expect(again.add([two]) == nil)
      let (third, last) = AbsenceFileTests.loaded(directory)
      #expect(last == nil && third.open == [one, two])
    }
  }

  private static func perhaps(_ alert: ToldAlert) -> ToldAlert {
    ToldAlert(level: alert.level, toldAt: alert.toldAt, isCertain: false)
  }

  /// Killed while lines were written: nobody knows which were, so all are told again and all are to be settled.
  @Test func anEndBetweenTheNoteAndTheLine() throws {
    try AbsenceFileTests.with { directory throws in
      let levels = ["C1", "C2", "C3"].map { AbsenceFileTests.level($0) }
      func told(_ index: Int, _ isCertain: Bool) -> ToldAlert {
        ToldAlert(level: levels[index], toldAt: AbsenceFileTests.now, isCertain: isCertain)
      }
      let (journal, _) = AbsenceFileTests.loaded(directory)
      var killed = AbsenceJournal()
      var result = journal.tell(levels[...], at: AbsenceFileTests.now) {
        killed = AbsenceFileTests.loaded(directory).journal
        return 1
      }
      #expect(result.written == 1 && result.troubles.isEmpty)
      #expect(killed.open == [told(0, false), told(1, false), told(2, false)])
      #expect(!killed.isEmpty && killed.untold(levels) == levels && killed.toldAt(levels[0].id) == nil)
      // This run knows which lines were written, the next one does not.
      #expect(journal.open == [told(0, true)])
      let next = AbsenceFileTests.loaded(directory).journal
      #expect(next.open == [told(0, true), told(1, false), told(2, false)])
      // A log that takes nothing is tried again and again: the file does not grow by that.
      let path = directory + "/unrecorded"
      let before = try Data(contentsOf: URL(filePath: path))
      for journal in [journal, next] {
        result = journal.tell(levels[1...], at: AbsenceFileTests.now) { 0 }
        #expect(result.written == 0 && result.troubles.isEmpty)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
      }
      result = next.tell(levels[1...1], at: AbsenceFileTests.now) { 1 }
      #expect(next.open == [told(0, true), told(1, true), told(2, false)])
      #expect(AbsenceFileTests.loaded(directory).journal.open == next.open)
      #expect(next.remove(levels.map(\.id)) == nil)
      #expect(next.isEmpty && AbsenceFileTests.loaded(directory).journal.isEmpty)
    }
  }

  /// Damaged in the middle: what is whole counts, the file is kept aside for whoever wants to know, and it is said.
  @Test func aDamagedJournalIsMovedAside() throws {
    try AbsenceFileTests.with { directory throws in
      let told = ["C1", "C2", "C3"].enumerated().map {
        ToldAlert(level: AbsenceFileTests.level($1), toldAt: AbsenceFileTests.now + Int64($0))
      }
      let (journal, _) = AbsenceFileTests.loaded(directory)
      for alert in told { #expect(journal.add([alert]) == nil) }
      let path = directory + "/unrecorded"
      var bytes = try Data(contentsOf: URL(filePath: path))
      // Each was noted, then added: the fourth line is the second alert's.
      let lines = bytes.split(separator: UInt8(ascii: "\n"))
      bytes[lines[3].startIndex + 20] ^= 1
      try bytes.write(to: URL(filePath: path))
      let (again, said) = AbsenceFileTests.loaded(directory)
      let trouble = try #require(said)
      #expect(trouble.contains(path + ".damaged-1"))
      #expect(again.open == [told[0], AbsenceFileTests.perhaps(told[1]), told[2]])
      #expect(try Data(contentsOf: URL(filePath: path + ".damaged-1")) == bytes)
      let (third, last) = AbsenceFileTests.loaded(directory)
      #expect(last == nil && third.open == again.open)
    }
  }

  /// A directory that nothing can be written to: said, and everything else goes on.
  @Test func aDirectoryThatIsNone() throws {
    try AbsenceFileTests.with { directory throws in
      let path = directory + "/file"
      try "".write(toFile: path, atomically: true, encoding: .utf8)
      let (journal, trouble) = AbsenceFileTests.loaded(path)
      #expect(trouble == nil)
      let told = ToldAlert(level: AbsenceFileTests.level("C1"), toldAt: AbsenceFileTests.now)
      #expect(journal.add([told])?.contains("may be told again") == true)
      #expect(journal.toldAt(told.level.id) == told.toldAt)
    }
  }

  /// One program at a time: two daemons by one configuration must not take each other's files away.
  @Test func theFilesAreOneProgramsAtATime() throws {
    try AbsenceFileTests.with { directory throws in
      var lock: StateLock? = try StateLock(directory)
      #expect(lock != nil)
      #expect(throws: StateFile.Failure.self) { try StateLock(directory) }
      lock = nil
      #expect(throws: Never.self) { try StateLock(directory) }
      #expect(throws: StateFile.Failure.self) { try StateLock(directory + "/none") }
    }
  }

  @Test func whatIsToComeIsKnownAfterARestart() throws {
    try AbsenceFileTests.with { directory throws in
      var contents = LevelWatch.Contents()
      contents.until = AbsenceFileTests.now + 3_600_000_000
      contents.add(AbsenceFileTests.level("C1"))
      contents.add(AbsenceFileTests.level("C1") { $0.id.level = "yellow" })
      contents.add(AbsenceFileTests.level("C2") { $0.levelAt = $0.levelAt + 5 })
      var words = AbsenceWords()
      _ = words.take(["title", "opening", "zh", "企业开办"])
      _ = words.take(["zone", "cn", "Asia/Shanghai"])
      let file = WatchFile(directory: directory)
      try file.save(contents, words, at: AbsenceFileTests.now + -1)
      #expect(try AbsenceFileTests.mode(directory + "/watch") == 0o600)
      func levels(_ contents: LevelWatch.Contents) -> [WatchedLevel] {
        let watch = LevelWatch()
        watch.restore(contents)
        return watch.due(at: Instant(microseconds: .max))
      }
      let loaded = file.load(now: AbsenceFileTests.now)
      #expect(loaded.trouble == nil)
      #expect(levels(loaded.contents) == levels(contents) && levels(contents).count == 3)
      #expect(loaded.contents.until == contents.until)
      // What was told is told no more.
      let watch = LevelWatch()
      watch.restore(contents)
      watch.remove(Array(levels(contents).prefix(2)))
      #expect(watch.due(at: Instant(microseconds: .max)) == [levels(contents)[2]])
      #expect(watch.contents.count == 1)
      let record = loaded.words.record(levels(contents)[0], .away, at: AbsenceFileTests.now + 900_000)
      #expect(record["due_at"] == .text("2026-09-16T17:30:00+08:00"))
      #expect(
        record["message_zh"]
          == .text("办件C1：企业开办超期，应于2026-09-16T17:30:00+08:00前办结（red，通知镇街：469005100）；数据库中断，恢复后补记此预警。"))
      // It looks ahead a day, so after a day it says nothing more.
      #expect(file.load(now: AbsenceFileTests.now + -2 + LevelWatch.horizon).contents.count == 3)
      #expect(file.load(now: AbsenceFileTests.now + -1 + LevelWatch.horizon).contents.count == 0)

      let bytes = try Data(contentsOf: URL(filePath: directory + "/watch"))
      try bytes.dropLast(5).write(to: URL(filePath: directory + "/watch"))
      let torn = file.load(now: AbsenceFileTests.now)
      #expect(torn.contents.count == 2 && torn.trouble?.contains("2 of 3") == true)
      try Data("rubbish\n".utf8).write(to: URL(filePath: directory + "/watch"))
      let rubbish = file.load(now: AbsenceFileTests.now)
      #expect(rubbish.contents.count == 0 && rubbish.trouble?.contains("watch.damaged-2") == true)
      #expect(file.load(now: AbsenceFileTests.now).trouble == nil)
    }
  }
}
