import Foundation
import ServiceTime

@testable import Settings

/// What reading settings gives: the value, or the faults as lines of text.
enum Reading {
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The text of a file of the repository.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: repository.appending(path: path), encoding: .utf8)
  }

  /// The faults of a configuration's text.
  static func faults(
    configuration text: String?, file: String? = "bizclock.yaml", environment: [String: String] = [:]
  ) -> [String] {
    lines { () throws(SettingsError) in
      _ = try Configuration.parse(text, file: file, environment: environment)
    }
  }

  /// The faults of a policy's text.
  static func faults(policy text: String, files: [String: String] = [:]) -> [String] {
    lines { () throws(SettingsError) in _ = try draft(text, files: files) }
  }

  static func draft(_ text: String, files: [String: String] = [:]) throws(SettingsError) -> PolicyDraft {
    try PolicyDraft.parse(
      PolicyDocuments(policyText: text, files: files),
      zoneExists: { ["Asia/Shanghai", "Europe/Amsterdam"].contains($0) })
  }

  static func lines(_ body: () throws(SettingsError) -> Void) -> [String] {
    do throws(SettingsError) {
      try body()
      return []
    } catch {
      return error.faults.map(\.description)
    }
  }

  static func date(_ text: String) -> CivilDate { CivilDate(text) ?? CivilDate(dayNumber: -1) }
}

/// A policy with one commitment, of which a test writes only what it is about.
struct SmallPolicy {
  var calendar = "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: [\"09:00-17:00\"], fixed_holidays: [] }"
  var start = "[accepted]"
  var stop = "[completed]"
  var more = ""
  var version = "{ from: 2019-01-01, limit: 2 working_days }"

  /// Its calendar is on line 2, its commitment begins on line 4; what is `more` is on line 10.
  var text: String {
    """
    calendars:
      - \(calendar)
    commitments:
      - id: opening
        process: opening
        start: \(start)
        stop: \(stop)
        calendar: cn
        versions: [\(version)]
        \(more)
    """
  }

  func commitment() throws -> Commitment? { try Reading.draft(text).policy.commitments.first }
}
