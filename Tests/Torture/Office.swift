import Foundation
import ServiceTime
import Settings

/// The folder of a run: the policy, two daemons' configurations and the directories of their feeds.
struct Office: Sendable {
  /// A feed's directory, and how what is put there is written.
  enum Spool: String, Sendable, CaseIterable {
    case registration, office, extra, other, counter
    var isCSV: Bool { self == .office }
  }

  let path: String
  let conninfo: String
  /// The calendar of the shipped policy, for the simulator.
  let calendar: WorkCalendar
  /// A policy, and another with other limits and levels for the same cases.
  let policies: [String]

  var one: String { path + "/one.yaml" }
  var two: String { path + "/two.yaml" }

  /// How many variants of the first daemon's configuration there are; the first has every feed.
  static let variants = 4

  /// Writes the files.
  init(path: String, conninfo: String) throws {
    self.path = path
    self.conninfo = conninfo
    policies = ["\(path)/policy.yaml", "\(path)/policy-b.yaml"]
    let files = FileManager.default
    for spool in Spool.allCases {
      try files.createDirectory(atPath: "\(path)/spool/\(spool.rawValue)", withIntermediateDirectories: true)
    }
    for name in ["log", "pids", "ingest", "run", "postgres", "state-one", "state-two"] {
      try files.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }
    let shipped = try PolicyDocuments.shipped()
    for (name, text) in shipped.files {
      try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }
    let text = Office.policy(shipped.policyText)
    try text.write(toFile: policies[0], atomically: true, encoding: .utf8)
    try text.replacingOccurrences(of: "limit: 2 working_days", with: "limit: 1 working_days")
      .replacingOccurrences(of: "at: 90%", with: "at: 60%")
      .write(toFile: policies[1], atomically: true, encoding: .utf8)
    let draft = try PolicyDraft.parse(shipped)
    let rulebook = try Rulebook(
      policy: draft.policy, calendars: draft.calendars, zones: try ZoneFiles.load(for: draft.calendars))
    guard let calendar = rulebook.mainCalendar(process: "opening") else {
      throw Child.Failure(description: "the shipped policy has no process opening")
    }
    self.calendar = calendar
    try configure(0)
    try configuration([Office.feed("counter", .counter, at: path)], state: "state-two").write(
      toFile: two, atomically: true, encoding: .utf8)
  }

  /// Changes whenever a file is moved to a `done/`.
  var doneStamp: Int {
    Spool.allCases.reduce(0) { sum, spool in
      var status = stat()
      guard stat("\(path)/spool/\(spool.rawValue)/done", &status) == 0 else { return sum }
      return sum &* 31 &+ status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    }
  }

  /// Writes a variant of the first daemon's configuration, whole at once.
  func configure(_ variant: Int) throws {
    var feeds = [Office.feed("registration", .registration, at: path), Office.csv(at: path)]
    switch variant {
    case 1: feeds.append(Office.feed("other", .other, at: path))
    case 2: feeds += [Office.feed("extra", .other, at: path), Office.feed("other", .extra, at: path)]
    case 3:
      feeds.append(Office.feed("renamed", .extra, at: path, source: "extra"))
      feeds.append(Office.feed("other", .other, at: path))
    default: feeds += [Office.feed("extra", .extra, at: path), Office.feed("other", .other, at: path)]
    }
    try configuration(feeds, state: "state-one").write(toFile: one, atomically: true, encoding: .utf8)
  }

  private func configuration(_ feeds: [String], state: String) -> String {
    """
    database: "\(conninfo)"
    state_directory: \(path)/\(state)
    feeds:
    \(feeds.map { "  - \($0)" }.joined(separator: "\n"))
    alerts: { retrospective_after: 24h }
    policy: \(policies[0])

    """
  }

  private static func feed(_ name: String, _ spool: Spool, at path: String, source: String? = nil) -> String {
    "{ name: \(name), source: \(source ?? name), kind: spool, directory: \(path)/spool/\(spool.rawValue), format: ndjson }"
  }

  private static func csv(at path: String) -> String {
    """
    { name: office, source: office, kind: spool, directory: \(path)/spool/office, format: csv,
          time_zone: Asia/Shanghai, defaults: { process: opening },
          mapping: { case_id: 办件编号, event_id: 编号, occurred_at: 时间, step: 步骤, region: 区划, entity_name: 申请人,
            type: { column: 环节, values: { 受理: accepted, 补正: correction_requested, 补正完成: correction_received, \
    办结: completed }, otherwise: step_completed } } }
    """
  }

  /// The limit of a case of the process `live`, in microseconds; its office never closes.
  static let liveLimit: Int64 = 3_000_000
  /// How long after its due time it escalates, in microseconds.
  static let liveEscalation: Int64 = 2_000_000

  private static func policy(_ shipped: String) -> String {
    let calendar = """
      calendars:
        - { id: always, time_zone: Asia/Shanghai, week: mon-sun, hours: ["00:00-24:00"], fixed_holidays: [], days: [] }

      """
    let commitment = """
      commitments:
        - id: live
          process: live
          title: { en: Live case, zh: 即办件 }
          start: [accepted]
          stop: [completed]
          cancel: [withdrawn]
          calendar: always
          versions: [{ from: 2018-01-01, limit: 3s working_hours }]
          levels:
            yellow: { at: 50%, priority: warning }
            red: { at: due, priority: error }
            escalated: { at: +2s, priority: critical }

      """
    return shipped.replacingOccurrences(of: "calendars:\n", with: calendar).replacingOccurrences(
      of: "\ncommitments:\n", with: "\n" + commitment)
  }
}
