import Foundation
import Testing

@testable import Settings

/// How long things are kept, and conninfos in files of their own.
@Suite struct RetentionSettingsTests {
  private static let day: Int64 = 86_400_000_000

  @Test(arguments: [("90 days", 90), ("1 day", 1), ("5 years", 1830), ("1 year", 366)])
  func keepingTimes(_ text: String, _ days: Int64) throws {
    let configuration = try Configuration.parse(
      "database: private\nretention: { quarantine: \(text), done: 30 days }", file: "bizclock.yaml")
    #expect(configuration.retention.quarantine == days * RetentionSettingsTests.day)
    #expect(configuration.retention.done == 30 * RetentionSettingsTests.day)
  }

  @Test func everythingIsKeptUnlessSaid() throws {
    #expect(try Configuration.parse("database: private", file: "b").retention == RetentionSettings())
    #expect(
      try Configuration.parse("database: private\nretention: { done: 1 day }", file: "b").retention.quarantine
        == nil)
  }

  @Test(arguments: [
    "0 days", "90", "90d", "-1 days", "1 month", "999999999 years", "80000 days", "90  days", "90 days ",
  ])
  func wrongKeepingTimes(_ text: String) {
    let faults = Reading.faults(configuration: "database: private\nretention: { done: \"\(text)\" }")
    #expect(faults.count == 1 && faults[0].hasPrefix("bizclock.yaml:2: retention.done: "), "\(faults)")
    #expect(Reading.faults(configuration: "database: private\nretention: { doen: 1 day }").count == 1)
  }

  /// The file's one line is the conninfo; what is in it is never told.
  @Test func aConninfoInAFile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/database"
    try "\n  host=db password='hush hush'\n\n".write(toFile: file, atomically: true, encoding: .utf8)
    let environment = ["CREDENTIALS_DIRECTORY": folder]
    for text in [file, "${CREDENTIALS_DIRECTORY}/database"] {
      let configuration = try Configuration.parse("database: \"\(text)\"", file: "b", environment: environment)
      #expect(configuration.database == .conninfo("  host=db password='hush hush'"))
      #expect(!"\(configuration)".contains("hush"))
    }
    #expect(
      try Configuration.parse(nil, file: nil, environment: ["BIZCLOCK_DATABASE": file]).database
        == .conninfo("  host=db password='hush hush'"))
    for wrong in ["", "hushhush", "host=a\nhost=b hushhush", "private hushhush"] {
      try wrong.write(toFile: file, atomically: true, encoding: .utf8)
      let faults = Reading.faults(configuration: "database: \(file)")
      #expect(faults == ["bizclock.yaml:1: database: \(file) does not hold one line with a libpq conninfo"])
    }
    #expect(Reading.faults(configuration: "database: \(folder)/none")[0].contains("cannot be read (No such file"))
    #expect(Reading.faults(configuration: "database: \"${CREDENTIALS_DIRECTORY}/x\"")[0].contains("is not set"))
  }
}
