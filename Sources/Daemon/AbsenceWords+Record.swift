import Journal
import Ledger
import ServiceTime

/// Why a level could not be recorded on its instant.
enum UnrecordedCause: Sendable {
  /// The database does not answer.
  case away
  /// It answers, and yet the leader could not record for long.
  case stuck
}

extension AbsenceWords {
  /// The record of a level that was reached and not recorded.
  func record(_ level: WatchedLevel, _ cause: UnrecordedCause, at now: Instant) -> LogRecord {
    let zone = zones[level.calendar] ?? .utc
    let due = level.dueAt.rfc3339(in: zone)
    let title = titles[level.id.commitment]?["en"] ?? level.id.commitment
    let titleZh = titles[level.id.commitment]?["zh"] ?? title
    let notifyRegion = level.region.flatMap { level.notify?.region(of: $0) }
    let place = level.notify == .window ? level.serviceWindow : notifyRegion
    let whom = level.notify.map { ", for \($0.rawValue)" + (place.map { " \($0)" } ?? "") } ?? ""
    let whomZh = level.notify.map { "，通知\(Announcer.name($0))" + (place.map { "：\($0)" } ?? "") } ?? ""
    let isOverrun = level.levelAt >= level.dueAt
    let what = isOverrun ? "overran its limit, due \(due)" : "is due \(due)"
    let whatZh = isOverrun ? "超期，应于\(due)前办结" : "即将到期，应于\(due)前办结"
    let why =
      switch cause {
      case .away: "the database is away, and the alert will be recorded when it returns"
      case .stuck: "the database has not taken the alert yet, and it will be recorded when it does"
      }
    let whyZh =
      switch cause {
      case .away: "数据库中断，恢复后补记此预警"
      case .stuck: "数据库暂未能写入此预警，可写入后补记"
      }
    var record = LogRecord(
      time: now.microseconds, priority: LogPriority(name: level.priority.rawValue) ?? .warning,
      event: .alertUnrecorded,
      message: "Case \(level.id.caseID): \(title) \(what) (level \(level.id.level)\(whom)); \(why).")
    record.set("alert_id", .text(level.id.description))
    record.set("case_id", .text(level.id.caseID))
    record.set("commitment", .text(level.id.commitment))
    record.set("round", .integer(Int64(level.id.round)))
    record.set("level", .text(level.id.level))
    record.set("revision", .integer(Int64(level.id.revision)))
    record.set("due_at", .text(due))
    record.set("level_at", .text(level.levelAt.rfc3339(in: zone)))
    if isOverrun { record.set("overrun_seconds", .integer(max(0, now - level.dueAt) / 1_000_000)) }
    if let region = level.region { record.set("region", .text(region)) }
    if let grid = level.grid { record.set("grid", .text(grid)) }
    if let window = level.serviceWindow { record.set("service_window", .text(window)) }
    if let notify = level.notify { record.set("notify", .text(notify.rawValue)) }
    if let notifyRegion { record.set("notify_region", .text(notifyRegion)) }
    record.set(
      "message_zh", .text("办件\(level.id.caseID)：\(titleZh)\(whatZh)（\(level.id.level)\(whomZh)）；\(whyZh)。"))
    return record
  }
}
