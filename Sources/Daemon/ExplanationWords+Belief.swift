import Ledger
import ServiceTime

/// What was believed of a clock, in words.
extension ExplanationWords {
  /// A belief in one sentence: what, from when until when, and why it changed. `next` is the one that came after it.
  public func belief(_ belief: CaseReport.Belief, next: CaseReport.Belief?) -> String {
    var text = language.verdict(belief.verdict)
    if belief.provisional { text += of(" (provisional: calendar not published)", "（暂定：日历尚未公布）") }
    let end = time(belief.stoppedAt)
    let type = language.eventType(belief.outcome)
    text += of(", \(type) \(end)", "，\(end)\(type)")
    if let due = belief.dueAt.map(time) { text += of(", due \(due)", "，应于\(due)前办结") }
    for (name, value) in differences(belief, next) { text += of(", \(name) \(value)", "，\(name)\(value)") }
    let from = record(belief.knownFrom)
    guard let until = belief.knownUntil.map(record) else {
      return text + of(": believed since \(from)", "：自\(from)起认定")
    }
    let reason = belief.reason.map(language.changeReason) ?? of("not known", "不详")
    return text
      + of(": believed from \(from) to \(until); changed: \(reason)", "：\(from)至\(until)认定；变更原因：\(reason)")
  }

  /// Under what else it was counted, where that changed.
  private func differences(
    _ belief: CaseReport.Belief, _ next: CaseReport.Belief?
  ) -> [(name: String, value: String)] {
    guard let next else { return [] }
    let (a, b) = (belief.countedUnder, next.countedUnder)
    func known(_ value: String) -> String { value.isEmpty ? of("not known", "未知") : value }
    var found: [(String, String)] = []
    if a.process != b.process { found.append((of("process", "事项类别"), known(language.process(a.process)))) }
    if a.region != b.region { found.append((of("region", "区划"), known(a.region))) }
    if a.channel != b.channel { found.append((of("channel", "渠道"), known(language.channel(a.channel)))) }
    if a.entityType != b.entityType {
      found.append((of("entity type", "主体类型"), known(language.entityType(a.entityType))))
    }
    if a.reportTag != b.reportTag { found.append((of("tag", "标签"), known(a.reportTag))) }
    return found
  }
}
