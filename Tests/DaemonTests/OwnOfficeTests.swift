import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The guide to promises of one's own: README.md's section is what the files of `deploy/examples/own` hold, and its
/// commands print what it shows.
@Suite struct OwnOfficeTests {
  private static let example = Readme.repository.appending(path: "deploy/examples/own")

  private static func guide() throws -> ConsoleGuide {
    try ConsoleGuide(Readme.repository.appending(path: "README.md"), sections: ["A promise of your own"])
  }

  /// Each snippet stands in the policy as it is.
  @Test func itsSnippetsAreThoseOfTheFiles() throws {
    let policy = try String(contentsOf: OwnOfficeTests.example.appending(path: "policy.yaml"), encoding: .utf8)
    let snippets = try OwnOfficeTests.guide().blocks.filter { $0.language == "yaml" }
    #expect(snippets.count == 5)
    for snippet in snippets {
      let text = snippet.lines.joined(separator: "\n")
      #expect(policy.contains("\n\(text)\n"), "\(text)")
    }
  }

  @Test func itsCommandsPrintWhatItShows() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-own-\(UUID().uuidString)")
      try FileManager.default.copyItem(at: OwnOfficeTests.example, to: folder)
      defer { try? FileManager.default.removeItem(at: folder) }
      try FileManager.default.copyItem(
        at: Readme.repository.appending(path: "deploy/calendars"), to: folder.appending(path: "calendars"))
      #expect(try OwnOfficeTests.guide().expect(in: folder, on: conninfo) >= 7)
      #expect(
        try ConsoleGuide.run("bizclock --config bizclock.yaml verify", in: folder, conninfo)
          .contains("no difference"))
    }
  }
}
