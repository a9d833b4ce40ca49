import Foundation
import Glibc
import Testing

@testable import Feeds

/// Spool directories that are replaced, files that cannot be finished, and writers that tell little.
@Suite struct SpoolTroubleTests {
  @Test func aDirectoryThatIsReplacedIsNoticed() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    #expect(spool.isInPlace)
    try folder.put("old", "a")
    #expect(try spool.scan() == ["a"])
    #expect(spool.takeNews())
    // Another in its place: the notice wakes who waits, and what is listed and opened stays of one directory.
    #expect(rename(folder.path, folder.path + ".old") == 0)
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    #expect(!spool.isInPlace)
    #expect(mkdir(folder.path, 0o700) == 0)
    try folder.put("new", "b")
    #expect(!spool.isInPlace)
    #expect(try spool.scan() == ["a"])
    let file = try #require(try spool.open("a"))
    defer { close(file.descriptor) }
    try spool.finish(file)
    #expect(try folder.text("../spool.old/done/a") == "old")
    let fresh = try folder.open()
    #expect(fresh.isInPlace)
    #expect(try fresh.scan() == ["b"])
  }

  /// done/ is a file: the file is told of once, is not read again, and moves when done/ is right again.
  @Test func aFileThatCannotBeMovedIsNotReadAgain() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    #expect(rmdir(folder.path + "/done") == 0)
    try folder.put("", "done")
    try folder.put("x", "a")
    #expect(try spool.scan() == ["a"])
    try finish(
      "a", spool,
      because:
        "\(folder.path)/a cannot be moved to done/ (Not a directory); its events are in; let done/ be a directory")
    for _ in 1...3 {
      #expect(try spool.scan() == ["a"])
      #expect(try spool.open("a") == nil)
    }
    // Other content is read, and told of anew.
    try folder.append("y", "a")
    try finish(
      "a", spool,
      because:
        "\(folder.path)/a cannot be moved to done/ (Not a directory); its events are in; let done/ be a directory")
    // done/ is made where it is missing.
    #expect(unlink(folder.path + "/done") == 0)
    #expect(try spool.open("a") == nil)
    #expect(try folder.text("done/a") == "xy")
    #expect(try spool.scan() == [])
    #expect(spool.memory.isEmpty)
  }

  /// Whether a link in the place of done/ can lead to another file system here.
  static var hasAnotherFileSystem: Bool {
    var memory = stat()
    var temporary = stat()
    return access("/dev/shm", W_OK) == 0 && stat("/dev/shm", &memory) == 0
      && stat(FileManager.default.temporaryDirectory.path, &temporary) == 0 && memory.st_dev != temporary.st_dev
  }

  @Test(.enabled(if: hasAnotherFileSystem)) func doneOnAnotherFileSystemIsSaid() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    #expect(rmdir(folder.path + "/done") == 0)
    #expect(symlink("/dev/shm", folder.path + "/done") == 0)
    try folder.put("x", "a")
    #expect(try spool.scan() == ["a"])
    try finish(
      "a", spool,
      because:
        "\(folder.path)/a cannot be moved to done/ (Invalid cross-device link); its events are in; let done/ be a directory of the same file system"
    )
    #expect(try spool.open("a") == nil)
  }

  private func finish(_ name: String, _ spool: SpoolDirectory, because why: String) throws {
    let file = try #require(try spool.open(name))
    defer { close(file.descriptor) }
    let problem = #expect(throws: SpoolDirectory.Problem.self) { try spool.finish(file) }
    #expect(problem?.description == why)
  }

  @Test func aFileWhoseReadingFailedWaits() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    try folder.put("x", "a")
    let file = try #require(try spool.open("a"))
    close(file.descriptor)
    let problem = spool.fail(file, "read: Input/output error")
    #expect(
      problem?.description
        == "\(folder.path)/a cannot be taken in (read: Input/output error); put that right or take it away; it is tried again every minute"
    )
    #expect(try spool.scan() == ["a"])
    #expect(try spool.open("a") == nil)
    // After the minute, and told no more; for another reason it is.
    spool.retryFailed()
    let again = try #require(try spool.open("a"))
    close(again.descriptor)
    #expect(spool.fail(again, "read: Input/output error") == nil)
    #expect(try spool.open("a") == nil)
    #expect(spool.fail(again, "read: Stale file handle") != nil)
    // At once, when it has changed.
    try folder.append("y", "a")
    let changed = try #require(try spool.open("a"))
    close(changed.descriptor)
    #expect(spool.fail(changed, "read: Stale file handle") != nil)
    // Names that are gone are forgotten.
    #expect(!spool.memory.isEmpty)
    #expect(unlink(folder.path + "/a") == 0)
    #expect(try spool.scan() == [])
    #expect(spool.memory.isEmpty)
  }

  /// A copy inside the kernel makes a file and tells nothing while it grows; link and unlink look the same.
  @Test func aFileMadeWithOneNameRestsFirst() throws {
    let folder = try SpoolFolder()
    try folder.put("x", "temporary", in: "/..")
    var later = 0
    let spool = try SpoolDirectory(path: folder.path) { time(nil) + later }
    #expect(link(folder.path + "/../temporary", folder.path + "/a") == 0)
    #expect(try spool.scan() == ["a"])
    #expect(unlink(folder.path + "/../temporary") == 0)
    #expect(try spool.scan() == [])
    #expect(try spool.scan() == [])
    #expect(spool.restEnds.map { (1...11).contains($0) } ?? false)
    later = 60
    #expect(try spool.scan() == ["a"])
    #expect(spool.restEnds == nil)
    // The clock was put back since.
    later = -3600
    #expect(try spool.scan() == ["a"])
    // Written to after all: until it is closed.
    later = 60
    let writer = Glibc.open(folder.path + "/a", O_WRONLY | O_APPEND | O_CLOEXEC)
    #expect(write(writer, "y", 1) == 1)
    #expect(try spool.scan() == [])
    close(writer)
    #expect(try spool.scan() == ["a"])
  }

  @Test(arguments: [
    (0, 1, 60, true), (1, 1, 0, true), (1, 1, 10, true), (1, 1, 11, false), (1, 1, -11, false), (1, 2, 0, false),
    (0, 2, 0, false),
  ])
  func whatWasOnlyMade(_ size: Int, _ links: Int, _ sinceChange: Int, _ holds: Bool) {
    var writers = SpoolWriters()
    var notice: [UInt8] = [1, 0, 0, 0]
    withUnsafeBytes(of: UInt32(IN_CREATE)) { notice += $0 }
    notice += [0, 0, 0, 0, 4, 0, 0, 0, UInt8(ascii: "a"), 0, 0, 0]
    #expect(notice.withUnsafeBytes { writers.note($0) })
    func rest(_ name: String) -> Int? {
      writers.rest(of: SpoolName.key(name), size: size, links: links, sinceChange: sinceChange)
    }
    #expect((rest("a") != nil) == holds)
    #expect(rest("b") == nil)
  }
}
