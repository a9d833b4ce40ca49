import Foundation
import Glibc
import Testing

@testable import Feeds

/// A spool directory of whose writers nothing is known: notices were lost, or it is opened while they are at work.
@Suite(.serialized) struct SpoolOverflowTests {
  /// Begins a file that is closed later.
  private func begin(_ name: String, _ folder: SpoolFolder) -> Int32 {
    let writer = Glibc.open(folder.path + "/" + name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    #expect(write(writer, "half\n", 5) == 5)
    return writer
  }

  /// Makes more notices than the system keeps.
  private func overflow(_ folder: SpoolFolder) throws {
    let text = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
    let most = try #require(Int(text.filter(\.isNumber)))
    try folder.put("x", ".hidden")
    for _ in 0...most / 2 {
      #expect(rename(folder.path + "/.hidden", folder.path + "/shown") == 0)
      #expect(rename(folder.path + "/shown", folder.path + "/.hidden") == 0)
      // Notices that say the same as the one before count once.
      #expect(rename(folder.path + "/.hidden", folder.path + "/other") == 0)
      #expect(rename(folder.path + "/other", folder.path + "/.hidden") == 0)
    }
  }

  @Test func afterAnOverflowFilesRestFirst() throws {
    let folder = try SpoolFolder()
    var later = 0
    let spool = try SpoolDirectory(path: folder.path) { time(nil) + later }
    let (known, unknown) = (begin("known", folder), begin("again", folder))
    #expect(try spool.scan() == [])
    try overflow(folder)
    let late = begin("late", folder)
    try folder.put("whole\n", "whole")
    #expect(try spool.scan() == [])
    #expect(spool.restEnds.map { (1...11).contains($0) } ?? false)
    #expect(spool.takeNews())
    // Told of again: left alone until it is closed, however long it rests.
    #expect(write(unknown, "more\n", 5) == 5)
    close(known)
    close(late)
    later = 60
    #expect(Set(try spool.scan()) == ["known", "late", "whole"])
    close(unknown)
    #expect(try spool.scan().contains("again"))
    #expect(spool.restEnds == nil)
    // From now on it is told of everything again.
    later = 0
    try folder.put("x", "new")
    #expect(try spool.scan().contains("new"))
  }

  @Test func whereWritersMayBeFilesRestFirst() throws {
    let folder = try SpoolFolder()
    let writer = begin("slow", folder)
    try folder.put("x", "quick")
    #expect(link(folder.path + "/quick", folder.path + "/second.part") == 0)
    var later = 0
    let spool = try SpoolDirectory(path: folder.path, hasWriters: true) { time(nil) + later }
    // One with a second name was made elsewhere.
    #expect(try spool.scan() == ["quick"])
    #expect(write(writer, "more\n", 5) == 5)
    later = 60
    #expect(try spool.scan() == ["quick"])
    close(writer)
    #expect(Set(try spool.scan()) == ["quick", "slow"])
    // One that was there before the watch, where nobody can be at it, is complete at once.
    let other = try SpoolFolder()
    try other.put("x", "a")
    #expect(try other.open().scan() == ["a"])
  }

  /// The queue is for what others do.
  @Test func itsOwnMovesAreNotTold() throws {
    let folder = try SpoolFolder()
    try folder.put("x", "a")
    let spool = try folder.open()
    #expect(try spool.scan() == ["a"])
    let file = try #require(try spool.open("a"))
    try spool.finish(file)
    close(file.descriptor)
    #expect(try folder.text("done/a") == "x")
    var descriptor = pollfd(fd: spool.watch, events: Int16(POLLIN), revents: 0)
    #expect(poll(&descriptor, 1, 0) == 0)
  }

  /// Names that are gone are forgotten: no notice tells of them.
  @Test func namesThatAreGoneAreForgotten() {
    var writers = SpoolWriters()
    var notice: [UInt8] = [1, 0, 0, 0]
    withUnsafeBytes(of: UInt32(IN_MODIFY)) { notice += $0 }
    notice += [0, 0, 0, 0, 4, 0, 0, 0, UInt8(ascii: "a"), 0, 0, 0]
    _ = notice.withUnsafeBytes { writers.note($0) }
    func rest() -> Int? { writers.rest(of: SpoolName.key("a"), size: 1, links: 1, sinceChange: 60) }
    writers.list([SpoolName.key("a"), SpoolName.key("b")])
    #expect(rest() == .max)
    writers.list([SpoolName.key("b")])
    #expect(rest() == nil)
  }
}
