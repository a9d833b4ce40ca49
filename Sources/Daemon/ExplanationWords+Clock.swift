import Ledger
import ServiceTime

/// A clock in words.
extension ExplanationWords {
  /// The verdict or the state in one plain sentence that says why.
  public func summary(_ explained: ExplainedClock) -> String {
    let clock = explained.clock
    guard let reckoner = explained.reckoner else {
      return of(
        "The rules in force no longer have its version or calendar.", "现行规则中已没有该时钟的版本或日历。")
    }
    switch clock.state {
    case .stopped: return stopped(explained, reckoner)
    case .cancelled:
      let end = clock.stoppedAt.map(time) ?? ""
      let type = clock.outcome ?? ""
      return of(
        "Cancelled: \(type) \(end), no verdict" + (clock.breached ? "; it was already past due." : "."),
        "已取消：\(end)\(language.eventType(type))，不作判定" + (clock.breached ? "；当时已超期。" : "。"))
    case .paused: return paused(explained, reckoner)
    case .running:
      guard let due = clock.dueAt else { return of("Running: due not known.", "计时中：到期时刻未定。") }
      guard let overrun = explained.overrun else {
        return of("Running: due \(time(due)).", "计时中：应于\(time(due))前办结。")
      }
      return of(
        "Overdue: due \(time(due)), still open, \(over(overrun, explained)).",
        "已超期：应于\(time(due))前办结，至今未办结，\(over(overrun, explained))。")
    }
  }

  private func stopped(_ explained: ExplainedClock, _ reckoner: Reckoner) -> String {
    let clock = explained.clock
    let end = clock.stoppedAt.map(time) ?? ""
    let type = clock.outcome ?? ""
    let happened = of("\(type) \(end)", "\(end)\(language.eventType(type))")
    let due = clock.dueAt.map(time) ?? of("not known", "未定")
    switch clock.verdict {
    case .late:
      let over = explained.overrun.map { self.over($0, explained) } ?? ""
      return of("Late: due \(due), \(happened), \(over).", "超期：应于\(due)前办结，\(happened)，\(over)。")
    case .premature:
      let floor = reckoner.floorDay?.description ?? "?"
      let limit = explained.version?.floor.map { language.limit($0.description) } ?? ""
      return of(
        "Premature: \(happened), before \(floor), the last day of the least time (\(limit)).",
        "过早：\(happened)，早于最短期限（\(limit)）的最后一日\(floor)。")
    case .onTime:
      return clock.early
        ? of("On time: due \(due), \(happened), before the due day.", "按时：应于\(due)前办结，\(happened)，提前于到期日。")
        : of("On time: due \(due), \(happened).", "按时：应于\(due)前办结，\(happened)。")
    case nil:
      return of("Stopped: \(happened), due not known.", "已停止：\(happened)，到期时刻未定。")
    }
  }

  private func paused(_ explained: ExplainedClock, _ reckoner: Reckoner) -> String {
    let clock = explained.clock
    let open = clock.pauses.filter { $0.to == nil }
    var cause = open.map { language.pause($0.kind) + of(", ", "，") + span($0.from, nil) }.joined(
      separator: of("; ", "；"))
    if open.isEmpty {
      let closure = reckoner.calendar.closures.last { $0.from <= clock.markAt }
      cause = of("local closure", "停工")
      if let closure { cause += of(": \(closure.name), ", "：\(closure.name)，") + span(closure.from, closure.to) }
    }
    guard let due = clock.dueAt else {
      return of(
        "Paused: \(cause); due is not known until time starts again.", "暂停中：\(cause)；恢复计时前到期时刻未定。")
    }
    guard let overrun = explained.overrun else {
      return of("Paused: \(cause); due \(time(due)).", "暂停中：\(cause)；应于\(time(due))前办结。")
    }
    return of(
      "Paused and overdue: \(cause); due \(time(due)) already, \(over(overrun, explained)).",
      "暂停中且已超期：\(cause)；应于\(time(due))前办结，\(over(overrun, explained))。")
  }

  /// By how much: counted days, 0 being less than a day, and plain time.
  private func over(_ overrun: Overrun, _ explained: ExplainedClock) -> String {
    let plain = duration(overrun.time)
    guard overrun.days > 0 else { return of("less than a day over (\(plain))", "超出不足一日（\(plain)）") }
    let calendarDays = explained.version.map { !$0.countsWorkedDays } ?? false
    let plural = overrun.days == 1 ? "day" : "days"
    return of(
      "\(overrun.days) \(calendarDays ? "calendar" : "working") \(plural) over (\(plain))",
      "超出\(overrun.days)个\(calendarDays ? "自然日" : "工作日")（\(plain)）")
  }

  /// The limit with its extension and its law.
  public func limit(_ explained: ExplainedClock) -> String {
    guard let version = explained.version else { return of("not known", "不详") }
    var text = language.limit(version.limit.description)
    let extended = explained.clock.extendedDays
    if extended > 0 { text += of(" and \(extended) by extension", "，延长\(extended)日") }
    if let legal = version.legalLimit {
      let limit = language.limit(legal.description)
      text += of(" (legal limit \(limit))", "（法定时限\(limit)）")
    }
    if let floor = version.floor {
      let least = language.limit(floor.description)
      text += of(", at least \(least)", "，最短\(least)")
    }
    if version.countsWorkedDays, let calendar = explained.reckoner?.calendar, LegalRule.hold(for: calendar) {
      let law = LegalRule.workingDays.cited(in: language)
      text += of(", without rest days and holidays (\(law))", "，不含休息日和法定节假日（\(law)）")
    }
    return text
  }

  /// The due time, how it comes about, and whether it may still move.
  public func due(_ explained: ExplainedClock) -> String {
    let clock = explained.clock
    guard let at = clock.dueAt, let day = clock.dueDay, let version = explained.version else {
      return clock.state == .cancelled
        ? of("none: cancelled", "无：已取消") : of("not known until time starts again", "恢复计时前未定")
    }
    var text = time(at)
    let end = version.dayEnd == .close ? of("close", "下班时刻") : "24:00"
    // Digits need a space between them and those of the date.
    let endZh = version.dayEnd == .close ? end : " \(end)"
    var how: String
    switch version.limit {
    case .workingHours: how = of("when the office time has run", "办公时间计满之时")
    case .workingDays, .calendarDays:
      if explained.isRolled {
        how = of("\(end) of \(day), the next working day", "顺延至下一工作日\(day)\(endZh)")
        if let calendar = explained.reckoner?.calendar, LegalRule.hold(for: calendar) {
          let law = LegalRule.lastDayMoves.cited(in: language)
          how += of(" (\(law))", "（\(law)）")
        }
      } else if let number = explained.dueNumber {
        how = of("\(end) of counted day \(number), \(day)", "第\(number)个计入日\(day)\(endZh)")
      } else {
        how = of("\(end) of \(day)", "\(day)\(endZh)")
      }
    }
    if version.grace > 0 {
      how += of(", and \(duration(version.grace)) of grace", "，另加宽限\(duration(version.grace))")
    }
    text += of(": \(how)", "：\(how)")
    if clock.provisional { text += of("; ", "；") + provisional(explained.reckoner?.calendar) }
    return text
  }

  /// That a due time rests on days for which the calendar is not published.
  public func provisional(_ calendar: WorkCalendar?) -> String {
    let until = calendar?.publishedUntil.map { of(" beyond \($0)", "（仅公布至\($0)）") } ?? ""
    return of("provisional, the calendar is not published\(until)", "暂定，工作日历尚未公布\(until)")
  }

  /// What ran.
  public func measures(_ explained: ExplainedClock) -> String {
    let m = explained.measures
    let paused =
      m.paused == 0 ? of("never paused", "未暂停") : of("\(duration(m.paused)) paused", "暂停\(duration(m.paused))")
    return of(
      "\(m.countedDays) counted \(m.countedDays == 1 ? "day" : "days"), \(duration(m.working)) of office time, "
        + "\(duration(m.elapsed)) in all, \(paused)",
      "计入\(m.countedDays)日，办公时间\(duration(m.working))，总历时\(duration(m.elapsed))，\(paused)")
  }

  /// A pause with its law.
  public func pause(_ pause: ClockPause, lawful: Bool) -> String {
    var text = language.pause(pause.kind) + of(", ", "，") + span(pause.from, pause.to)
    if lawful, let rule = LegalRule.pause(pause.kind) {
      let law = rule.cited(in: language)
      text += of(" (\(law))", "（\(law)）")
    }
    return text
  }

  // MARK: - Alerts

  /// What became of an alert, each with its time.
  public func alert(_ alert: CaseReport.Alert) -> [String] {
    var parts = [of("reached \(time(alert.levelAt))", "\(time(alert.levelAt))触发")]
    parts.append(of("recorded \(record(alert.recordedAt))", "\(record(alert.recordedAt))记录"))
    if let logged = alert.loggedAt { parts.append(of("logged \(record(logged))", "\(record(logged))写入日志")) }
    if alert.retrospective { parts.append(of("history, paged nobody", "历史数据，未通知")) }
    if alert.feedStalled { parts.append(of("a feed was silent", "当时有数据来源中断")) }
    if let amended = alert.amendedAt {
      parts.append(of("amended \(record(amended))", "\(record(amended))更正") + why(alert.changeReason))
    }
    if let withdrawn = alert.withdrawnAt {
      parts.append(of("withdrawn \(record(withdrawn))", "\(record(withdrawn))撤销") + why(alert.changeReason))
    }
    if let resolved = alert.resolvedAt { parts.append(of("resolved \(time(resolved))", "\(time(resolved))解除")) }
    if let acknowledged = alert.acknowledgedAt {
      let name = alert.acknowledgedBy ?? "?"
      let reason = alert.reason ?? ""
      parts.append(
        of(
          "acknowledged \(record(acknowledged)) by \(name): \(reason)",
          "\(record(acknowledged))由\(name)确认，原因：\(reason)"))
    }
    return parts
  }

  private func why(_ reason: ChangeReason?) -> String {
    guard let text = reason.map(language.changeReason) else { return "" }
    return of(" (\(text))", "（\(text)）")
  }
}
