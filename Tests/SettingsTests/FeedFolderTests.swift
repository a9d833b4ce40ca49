import Testing

@testable import Settings

/// Each feed has a folder of its own, however its path is spelt.
@Suite struct FeedFolderTests {
  @Test(arguments: [
    ("/spool/a", "/spool/a/"), ("/spool/a", "//spool//a"), ("/spool/a", "/spool/./a"), ("/spool/a/.", "/spool/a"),
    ("a", "./a"), ("a", "/etc/bizclock/a"), ("/", "//"),
  ])
  func oneFolderInTwoSpellings(_ first: String, _ second: String) {
    let faults = FeedFolderTests.faults(first, second)
    #expect(faults.count == 1 && faults[0].hasPrefix("/etc/bizclock/b.yaml:4: feeds[y]: the folder "), "\(faults)")
    #expect(faults.first?.hasSuffix(" is already that of the feed x; give each its own") == true)
  }

  @Test(arguments: [
    ("/spool/a", "/spool/a/done", 4, "y", "x"), ("/spool/a/", "/spool//a/done/old", 4, "y", "x"),
    ("/spool/a/done", "/spool/a", 3, "x", "y"),
  ])
  func theFolderOfDoneFilesIsNoFeeds(
    _ first: String, _ second: String, _ line: Int, _ feed: String, _ other: String
  ) {
    let faults = FeedFolderTests.faults(first, second)
    #expect(faults.count == 1, "\(faults)")
    #expect(
      faults.first?.hasPrefix("/etc/bizclock/b.yaml:\(line): feeds[\(feed)]: the folder /spool/a/done") == true)
    #expect(faults.first?.contains("is that of done files of the feed \(other), or in it") == true)
  }

  /// What differs is not taken for the same: where `..` leads nobody knows without a look.
  @Test(arguments: [
    ("/spool/a", "/spool/ab"), ("/spool/a", "/spool/a/b"), ("/spool/a", "/spool/a/doner"),
    ("/spool/a", "/spool/b/../a"),
  ])
  func foldersOfTheirOwn(_ first: String, _ second: String) {
    #expect(FeedFolderTests.faults(first, second) == [])
  }

  private static func faults(_ first: String, _ second: String) -> [String] {
    Reading.faults(
      configuration: """
        database: private
        feeds:
          - { name: x, source: x, kind: spool, directory: "\(first)" }
          - { name: y, source: y, kind: spool, directory: "\(second)" }
        """, file: "/etc/bizclock/b.yaml")
  }
}
