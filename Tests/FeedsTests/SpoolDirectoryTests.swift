import Foundation
import Glibc
import Testing

@testable import Feeds

/// A spool directory with real files.
@Suite struct SpoolDirectoryTests {
  @Test func scansWhatMayBeReadOldestFirst() throws {
    let folder = try SpoolFolder()
    for (name, age) in [("b.ndjson", 3), ("a.ndjson", 2), ("c.csv", 9), ("新.csv", 1)] {
      try folder.put("x", name, age: age)
    }
    for name in [".hidden", ".new.ndjson", "d.part", "e.csv.part"] { try folder.put("x", name, age: 5) }
    #expect(mkdir(folder.path + "/folder", 0o700) == 0)
    let spool = try folder.open()
    #expect(try spool.scan() == ["c.csv", "b.ndjson", "a.ndjson", "新.csv"])
    // Of one moment: by name.
    for name in ["2", "1", "3"] { try folder.put("x", name, age: 20) }
    #expect(try spool.scan().prefix(3) == ["1", "2", "3"])
  }

  @Test(arguments: [
    ("a.ndjson", true), ("a", true), ("a.part.ndjson", true), ("part", true), ("done", false), ("", false),
    (".", false),
    ("..", false), (".a", false), ("a.part", false), (".part", false),
  ])
  func namesOfCompleteFiles(_ name: String, _ isComplete: Bool) {
    #expect(SpoolDirectory.isComplete(name) == isComplete)
  }

  @Test func opensRegularFilesOnly() throws {
    let folder = try SpoolFolder()
    try folder.put("secret", "target", in: "/..")
    #expect(symlink("../target", folder.path + "/link") == 0)
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    #expect(mkdir(folder.path + "/folder", 0o700) == 0)
    try folder.listen("socket")
    let spool = try folder.open()
    #expect(Set(try spool.scan()) == ["link", "pipe", "socket"])
    for (name, why) in [
      ("link", "is a link, which is not followed; move the file itself here"),
      ("pipe", "is not a regular file; take it away"), ("folder", "is not a regular file; take it away"),
      ("socket", "is not a regular file; take it away"),
    ] {
      let problem = #expect(throws: SpoolDirectory.Problem.self) { try spool.open(name) }
      #expect(problem?.description == "\(folder.path)/\(name) \(why)")
      #expect(problem?.name == name)
      // Told once; a file in its place is read.
      #expect(try spool.open(name) == nil)
    }
    #expect(unlink(folder.path + "/pipe") == 0)
    try folder.put("x", "pipe")
    let file = try #require(try spool.open("pipe"))
    close(file.descriptor)
    #expect(try spool.open("gone") == nil)
  }

  @Test func tellsOfFilesClosedAndMovedIn() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    #expect(!spool.takeNews())
    try folder.put("x", "closed")
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    #expect(!spool.takeNews())
    #expect(try spool.scan() == ["closed"])
    // Hidden while it is written, then renamed.
    try folder.put("y", ".moved")
    try folder.put("y", "moved.part")
    #expect(!spool.takeNews())
    #expect(rename(folder.path + "/moved.part", folder.path + "/moved") == 0)
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    // Moved in from beside.
    try folder.put("z", "beside", in: "/..")
    #expect(rename(folder.path + "/../beside", folder.path + "/beside") == 0)
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    #expect(Set(try spool.scan()) == ["closed", "moved", "beside"])
  }

  @Test func aFileStillBeingWrittenWaits() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    let writer = Glibc.open(folder.path + "/slow", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(writer) }
    try folder.put("x", "quick")
    #expect(spool.takeNews())
    #expect(try spool.scan() == ["quick"])
    for part in ["{\"a\"", ":1}\n"] {
      #expect(write(writer, part, part.utf8.count) == part.utf8.count)
      #expect(try spool.scan() == ["quick"])
    }
    let copy = dup(writer)
    #expect(try spool.scan() == ["quick"])
    close(copy)
    #expect(try spool.scan() == ["quick"])
    #expect(dup2(Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC), writer) == writer)
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    #expect(Set(try spool.scan()) == ["quick", "slow"])
  }

  @Test func newsThatAScanTookAreStillTold() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    try folder.put("x", "a")
    #expect(try spool.scan() == ["a"])
    #expect(spool.takeNews())
    #expect(!spool.takeNews())
  }

  @Test func aFurtherNameOfACompleteFileIsComplete() throws {
    let folder = try SpoolFolder()
    try folder.put("x", "original", in: "/..")
    let spool = try folder.open()
    #expect(link(folder.path + "/../original", folder.path + "/linked") == 0)
    #expect(folder.waitsForNews(spool))
    #expect(spool.takeNews())
    #expect(try spool.scan() == ["linked"])
  }

  @Test func movesToDoneAndNeverOverwrites() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    for (content, name) in [("1", "done/a"), ("2", "done/a.1")] { try folder.put(content, name) }
    for (content, target) in [("3", "a.2"), ("4", "a.3")] {
      try folder.put(content, "a")
      let file = try #require(try spool.open("a"))
      try spool.finish(file)
      close(file.descriptor)
      #expect(try folder.text("done/" + target) == content)
      #expect(try spool.scan() == [])
    }
    #expect(try folder.text("done/a") == "1")
    #expect(try folder.text("done/a.1") == "2")
    // Gone already: someone else took it away.
    try folder.put("5", "a")
    let file = try #require(try spool.open("a"))
    defer { close(file.descriptor) }
    #expect(unlink(folder.path + "/a") == 0)
    try spool.finish(file)
    #expect(try folder.count("done") == 4)
  }

  /// A sender that calls every file the same: from the tenth on the file's time makes the name, be it that of another.
  @Test func manyOfOneName() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    for name in ["a"] + (1...9).map({ "a.\($0)" }) { try folder.put("former", "done/" + name) }
    for (content, target) in [("1", "a.1764500000000000005"), ("2", "a.1764500000000000005.1")] {
      try folder.put(content, "a")
      var times = [timespec(tv_sec: 1_764_500_000, tv_nsec: 5), timespec(tv_sec: 1_764_500_000, tv_nsec: 5)]
      #expect(utimensat(AT_FDCWD, folder.path + "/a", &times, 0) == 0)
      let file = try #require(try spool.open("a"))
      try spool.finish(file)
      close(file.descriptor)
      #expect(try folder.text("done/" + target) == content)
    }
    #expect(try folder.count("done") == 12)
  }

  @Test func aFileReplacedWhileItIsReadStays() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    try folder.put("old", "a")
    let file = try #require(try spool.open("a"))
    try folder.put("new", ".a")
    #expect(rename(folder.path + "/.a", folder.path + "/a") == 0)
    try spool.finish(file)
    close(file.descriptor)
    #expect(try spool.scan() == ["a"])
    let again = try #require(try spool.open("a"))
    defer { close(again.descriptor) }
    #expect(folder.text(of: again.descriptor) == "new")
    try spool.finish(again)
    #expect(try folder.text("done/a") == "new")
  }

  @Test func aFileThatGrewSinceItWasOpenedStays() throws {
    let folder = try SpoolFolder()
    let spool = try folder.open()
    try folder.put("one\n", "a")
    let file = try #require(try spool.open("a"))
    try folder.append("two\n", "a")
    try spool.finish(file)
    close(file.descriptor)
    #expect(try spool.scan() == ["a"])
  }

  /// File servers with another code page write names that are not UTF-8.
  @Test func namesThatAreNotUTF8AreReadToo() throws {
    let folder = try SpoolFolder()
    // 受理.csv in GBK.
    let name: [UInt8] = [0xCA, 0xDC, 0xC0, 0xED, 0x2E, 0x63, 0x73, 0x76]
    let path = Array((folder.path + "/").utf8) + name
    let descriptor = path.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { bytes in
      let whole = Array(bytes) + [0]
      return Glibc.open(whole, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    }
    #expect(write(descriptor, "x", 1) == 1)
    close(descriptor)
    let spool = try folder.open()
    let shown = #"\xCA\xDC\xC0\xED.csv"#
    #expect(try spool.scan() == [shown])
    let file = try #require(try spool.open(shown))
    #expect(folder.text(of: file.descriptor) == "x")
    close(file.descriptor)
    try spool.finish(file)
    #expect(try spool.scan() == [])
    #expect(try folder.count("done") == 1)
  }

  @Test func whatIsNoDirectoryIsSaid() throws {
    let folder = try SpoolFolder()
    try folder.put("x", "file")
    for (name, reason) in [("absent", "No such file or directory"), ("file", "Not a directory")] {
      let path = folder.path + "/" + name
      let problem = #expect(throws: SpoolDirectory.Problem.self) { try SpoolDirectory(path: path) }
      #expect(problem?.description == "the spool directory \(path) cannot be opened (\(reason)); make it")
    }
  }

  @Test func readsThroughTheReader() throws {
    let folder = try SpoolFolder()
    try folder.put(NDJSONRejectTests.event("") + "\nbad\n", "a.ndjson")
    let spool = try folder.open()
    let file = try #require(try spool.open("a.ndjson"))
    defer { close(file.descriptor) }
    let reader = BatchReader(feed: .native, descriptor: file.descriptor)
    let batch = try #require(try reader.next(now: Reading.now))
    #expect(batch.events.count == 1)
    #expect(batch.rejects.map(\.code) == [.badJSON])
    #expect(try reader.next(now: Reading.now) == nil)
  }
}
