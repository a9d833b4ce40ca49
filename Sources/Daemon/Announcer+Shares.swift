import Journal
import Ledger
import ServiceTime

extension Announcer {
  /// The record of a line about a share.
  func shareRecord(_ line: PendingLine, _ subject: AlertID, at now: Instant) -> LogRecord {
    let index = rulebook.policy.shares.firstIndex { $0.id == subject.commitment }
    let share = index.map { rulebook.policy.shares[$0] }
    let calendar =
      line.texts["calendar"].flatMap { rulebook.calendars[$0] } ?? index.map { rulebook.shareCalendars[$0] }
    let zone = calendar?.zone ?? .utc
    // A line on what no longer holds may come without its period's figures.
    let first = ShareCommitment.Period.first(number: subject.round)
    let period = line.texts["period"] ?? (share?.period ?? .month).name(first)
    let target = line.numbers["target"].map { ShareTarget(millionths: $0) }
    let population = line.numbers["population"] ?? 0
    let counted = line.numbers["counted"] ?? 0
    let figures = ShareFigures(population: population, counted: counted, target: target)
    let title = share?.title["en"] ?? subject.commitment
    let titleZh = share?.title["zh"] ?? title
    let (message, messageZh) = figures.sentences(
      line.event, ShareLevel(rawValue: subject.level), subject.level, of: title, titleZh, in: period)
    var record = LogRecord(
      time: now.microseconds, priority: priority(line), event: Journal.LogEvent(rawValue: line.event),
      message: message)
    record.set("alert_id", .text(subject.description))
    record.set("commitment", .text(subject.commitment))
    record.set("round", .integer(Int64(subject.round)))
    record.set("level", .text(subject.level))
    record.set("revision", .integer(Int64(subject.revision)))
    for name in ["due_at", "level_at", "recorded_at", "resolved_at"] {
      if let time = line.numbers[name] {
        record.set(name, .text(Instant(microseconds: time).rfc3339(in: zone)))
      }
    }
    record.set("period", .text(period))
    if population > 0 { record.set("share", .double(Double(counted) / Double(population))) }
    record.set("population", .integer(population))
    record.set("counted", .integer(counted))
    if let target { record.set("target", .double(Double(target.millionths) / Double(ShareTarget.whole))) }
    if let reason = line.texts["reason"] { record.set("reason", .text(reason)) }
    record.set("message_zh", .text(messageZh))
    return record
  }
}

/// The figures of a share's period in words.
struct ShareFigures {
  var population: Int64
  var counted: Int64
  var target: ShareTarget?

  /// The share in percent, rounded down, so that what is below its target never reads as if it were not.
  private var percent: String {
    guard population > 0 else { return "–" }
    let tenths = Int128(counted) * 1_000 / Int128(population)
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// One plain sentence each in English and Chinese.
  func sentences(
    _ event: String, _ kind: ShareLevel?, _ level: String, of title: String, _ titleZh: String, in period: String
  ) -> (String, String) {
    let share = "\(percent) % (\(counted) of \(population))"
    let shareZh = "\(percent)%（\(population)件中\(counted)件）"
    let goal = target.map { "the target of \($0.percent) %" } ?? "the target"
    let goalZh = target.map { "目标\($0.percent)%" } ?? "目标"
    switch (event, kind) {
    case ("alert.raised", .missed):
      return ("\(title): \(share) in \(period), below \(goal).", "\(titleZh)：\(period)为\(shareZh)，未达到\(goalZh)。")
    case ("alert.raised", _):
      return (
        "\(title): \(share) in \(period) so far; \(goal) is out of reach even if all that is still expected counts.",
        "\(titleZh)：\(period)目前为\(shareZh)，即使预计的后续办件全部达标，也无法达到\(goalZh)。"
      )
    case ("alert.resolved", _):
      return (
        "\(title): \(share) in \(period), \(goal) was met after all; level \(level) is resolved.",
        "\(titleZh)：\(period)为\(shareZh)，最终达到\(goalZh)，\(level)解除。"
      )
    case ("alert.withdrawn", _):
      let now = population > 0 ? ", \(share) now" : ""
      let nowZh = population > 0 ? "现为\(shareZh)，" : ""
      return (
        "\(title): level \(level) of \(period) was never reached\(now); withdrawn.",
        "\(titleZh)：\(period)\(nowZh)未达到\(level)，预警撤销。"
      )
    default:
      return (
        "\(title): level \(level) of \(period) was reached at another time; amended.",
        "\(titleZh)：\(period)的\(level)时间更正。"
      )
    }
  }
}
