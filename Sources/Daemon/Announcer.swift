import Journal
import Ledger
import ServiceTime

/// Puts what happened into log records: one plain sentence, and the fields that programs read.
public struct Announcer: Sendable {
  let rulebook: Rulebook

  /// An announcer that knows the commitments' titles and the calendars' zones.
  public init(rulebook: Rulebook) { self.rulebook = rulebook }

  /// The record of a line of the outbox.
  public func record(_ line: PendingLine, at now: Instant) -> LogRecord {
    guard let subject = line.subject else { return summary(line, at: now) }
    if subject.isShare { return shareRecord(line, subject, at: now) }
    let commitment = rulebook.policy.commitments.first { $0.id == subject.commitment }
    let zone =
      (line.texts["calendar"] ?? commitment?.calendar).flatMap { rulebook.calendars[$0]?.zone } ?? .utc
    func time(_ name: String) -> String? {
      line.numbers[name].map { Instant(microseconds: $0).rfc3339(in: zone) }
    }
    let due = time("due_at") ?? ""
    let title = commitment?.title["en"] ?? subject.commitment
    let titleZh = commitment?.title["zh"] ?? title
    let isOverrun = line.numbers["due_at"].flatMap { due in line.numbers["level_at"].map { $0 >= due } } ?? false
    let notify = line.texts["notify"].flatMap { Level.Addressee(rawValue: $0) }
    let notifyRegion = line.texts["region"].flatMap { notify?.region(of: $0) }
    let place = notify == .window ? line.texts["service_window"] : notifyRegion
    let whom = notify.map { ", for \($0.rawValue)" + (place.map { " \($0)" } ?? "") } ?? ""
    let whomZh = notify.map { "，通知\(Announcer.name($0))" + (place.map { "：\($0)" } ?? "") } ?? ""
    var message: String
    var messageZh: String
    switch line.event {
    case "alert.raised" where isOverrun:
      message = "Case \(subject.caseID): \(title) overran its limit, due \(due) (level \(subject.level)\(whom))."
      messageZh = "办件\(subject.caseID)：\(titleZh)超期，应于\(due)前办结（\(subject.level)\(whomZh)）。"
    case "alert.raised":
      message = "Case \(subject.caseID): \(title) is due \(due) (level \(subject.level)\(whom))."
      messageZh = "办件\(subject.caseID)：\(titleZh)即将到期，应于\(due)前办结（\(subject.level)\(whomZh)）。"
    case "alert.resolved":
      message = "Case \(subject.caseID): \(title) has ended; level \(subject.level) is resolved."
      messageZh = "办件\(subject.caseID)：\(titleZh)已结束，\(subject.level)解除。"
    case "alert.withdrawn":
      message = "Case \(subject.caseID): level \(subject.level) of \(title) was never reached; withdrawn."
      messageZh = "办件\(subject.caseID)：\(titleZh)未达到\(subject.level)，预警撤销。"
    default:
      message = "Case \(subject.caseID): level \(subject.level) of \(title) was reached at another time; amended."
      messageZh = "办件\(subject.caseID)：\(titleZh)的\(subject.level)时间更正。"
    }
    let isProvisional = line.event == "alert.raised" && line.texts["provisional"] == "true"
    if isProvisional {
      message += " The due time is provisional: the calendar is not published that far."
      messageZh += "时限暂定，工作日历尚未公布至该日。"
    }
    let isFeedStalled = line.event == "alert.raised" && line.texts["feed_stalled"] == "true"
    if isFeedStalled {
      message += " A feed that brings its events is silent: it may have moved on unseen."
      messageZh += "其数据来源中断，办件可能已有进展。"
    }
    var record = LogRecord(
      time: now.microseconds, priority: priority(line), event: Journal.LogEvent(rawValue: line.event),
      message: message)
    record.set("alert_id", .text(subject.description))
    record.set("case_id", .text(subject.caseID))
    record.set("commitment", .text(subject.commitment))
    record.set("round", .integer(Int64(subject.round)))
    record.set("level", .text(subject.level))
    record.set("revision", .integer(Int64(subject.revision)))
    if !due.isEmpty { record.set("due_at", .text(due)) }
    for name in ["level_at", "recorded_at", "resolved_at"] {
      if let time = time(name) { record.set(name, .text(time)) }
    }
    if line.event == "alert.raised", isOverrun, let due = line.numbers["due_at"],
      let recorded = line.numbers["recorded_at"]
    {
      record.set("overrun_seconds", .integer(max(0, recorded - due) / 1_000_000))
    }
    for name in ["region", "grid", "service_window", "reason"] {
      if let text = line.texts[name] { record.set(name, .text(text)) }
    }
    if let notify { record.set("notify", .text(notify.rawValue)) }
    if let notifyRegion { record.set("notify_region", .text(notifyRegion)) }
    if isFeedStalled { record.set("feed_stalled", .bool(true)) }
    if isProvisional { record.set("provisional", .bool(true)) }
    record.set("message_zh", .text(messageZh))
    return record
  }

  /// A height of the service grid in Chinese.
  static func name(_ addressee: Level.Addressee) -> String {
    switch addressee {
    case .window: "窗口"
    case .community: "社区"
    case .town: "镇街"
    case .city: "市县"
    }
  }

  /// Loud as the level says; news of a level that no longer stands is a notice.
  func priority(_ line: PendingLine) -> LogPriority {
    guard line.event == "alert.raised" else { return .notice }
    return line.texts["priority"].flatMap(LogPriority.init(name:)) ?? .warning
  }

  private func summary(_ line: PendingLine, at now: Instant) -> LogRecord {
    let retrospective = line.numbers["retrospective"] ?? 0
    let raised = line.numbers["raised"] ?? 0
    var parts: [String] = []
    if raised > 0 { parts.append("\(raised) levels were reached at one time") }
    if retrospective > 0 { parts.append("\(retrospective) levels of loaded history were recorded and page nobody") }
    var record = LogRecord(
      time: now.microseconds, priority: .notice, event: .alertSummary, message: parts.joined(separator: "; ") + ".")
    if raised > 0 { record.set("raised", .integer(raised)) }
    if retrospective > 0 { record.set("retrospective", .integer(retrospective)) }
    return record
  }

  /// Summaries of one load made one.
  static func merged(_ summaries: [PendingLine]) -> PendingLine? {
    guard var first = summaries.first else { return nil }
    for line in summaries.dropFirst() { first.numbers.merge(line.numbers) { $0 + $1 } }
    return first
  }
}
