import ServiceTime

/// How days, times and clocks are told to people, in one language and one zone; the only place of these texts.
public struct ExplanationWords: Sendable {
  /// The language.
  public let language: Language
  /// The zone of all times.
  public let zone: TimeZoneTable

  /// Words in a language, with times of a zone.
  public init(_ language: Language, zone: TimeZoneTable) {
    self.language = language
    self.zone = zone
  }

  func of(_ english: String, _ chinese: String) -> String { language.of(english, chinese) }

  // MARK: - Times

  /// A time of the wall clock, `2026-11-10 17:30`, with seconds only where there are any.
  public func time(_ instant: Instant) -> String { "\(zone.date(of: instant)) \(timeOfDay(instant))" }

  /// When something was recorded, to the second.
  public func record(_ instant: Instant) -> String {
    time(Instant(seconds: instant.microseconds / 1_000_000))
  }

  /// The time of day, `17:30`.
  public func timeOfDay(_ instant: Instant) -> String {
    let text = String(zone.local(instant).description.dropFirst(11))
    return text.hasSuffix(":00") ? String(text.dropLast(3)) : text
  }

  /// From when to when.
  public func span(_ from: Instant, _ to: Instant?) -> String {
    guard let to else { return of("since \(time(from))", "\(time(from))起") }
    let end = zone.date(of: from) == zone.date(of: to) ? timeOfDay(to) : time(to)
    return of("\(time(from)) to \(end)", "\(time(from))至\(end)")
  }

  /// The day of the week, short.
  public func weekday(_ date: CivilDate) -> String {
    switch language {
    case .en: date.weekday.shortName
    case .zh:
      switch date.weekday {
      case .monday: "周一"
      case .tuesday: "周二"
      case .wednesday: "周三"
      case .thursday: "周四"
      case .friday: "周五"
      case .saturday: "周六"
      case .sunday: "周日"
      }
    }
  }

  /// A length of plain or office time, in microseconds, to the minute: `15 h 42 min`.
  public func duration(_ microseconds: Int64) -> String {
    let minutes = microseconds / 60_000_000
    let (hours, rest) = (minutes / 60, minutes % 60)
    if minutes == 0, microseconds > 0 { return of("less than a minute", "不足1分钟") }
    if hours == 0 { return of("\(rest) min", "\(rest)分钟") }
    return of("\(hours) h", "\(hours)小时") + (rest == 0 ? "" : of(" \(rest) min", "\(rest)分钟"))
  }

  // MARK: - Days

  /// Why a date counts or does not, with the law behind it.
  public func reason(_ explained: ExplainedDay) -> String {
    let day = explained.day
    var text: String
    var cited = explained.rule.map { [$0.cited(in: language)] } ?? []
    switch day.reason {
    case .start: text = of("the start date is not counted", "起算日不计入")
    case .counted where day.makeup:
      text = of("worked instead of a rest day", "调休上班") + name(day.name)
      cited.append(of("calendar \(explained.calendar)", "工作日历\(explained.calendar)"))
    case .counted: text = of("counted", "计入")
    case .restDay:
      text = of("rest day", "休息日")
      cited = []
    case .holiday:
      text =
        explained.rule == nil ? of("holiday", "节假日") : of("statutory holiday", "法定节假日")
      if !day.published { text = of("holiday by its fixed date", "固定日期的节假日") }
      text += name(day.name)
      cited.append(of("calendar \(explained.calendar)", "工作日历\(explained.calendar)"))
    case .suspended:
      text = explained.pauses.map { kind($0) + " " + span($0, year: day.date) }.joined(separator: of("; ", "；"))
      text = of("suspended: \(text)", "暂停：\(text)")
    case .restarted:
      text = explained.pauses.map(kind).joined(separator: of(", ", "、"))
      text = of("not counted: time starts again after the \(text)", "不计入：\(text)后恢复计时之日")
    case .closure:
      text = of("local closure", "停工") + name(explained.closure?.name ?? day.name)
      if let closure = explained.closure { text += of(", ", "，") + span(closure.from, closure.to) }
    }
    if explained.isAfterEnd { text += of(", after the end", "，时钟已停止") }
    if let number = explained.overrunNumber { text += of(", \(number) past due", "，超期第\(number)日") }
    if !day.published { cited.append(of("calendar not published", "日历尚未公布")) }
    guard !cited.isEmpty else { return text }
    return text + of(" (\(cited.joined(separator: "; ")))", "（\(cited.joined(separator: "；"))）")
  }

  /// What stands under a table of days that is too long to go on.
  public var cutShort: String { of("later dates are left out", "其后的日期从略") }

  private func name(_ name: String?) -> String {
    guard let name, !name.isEmpty else { return "" }
    return of(": \(name)", "：\(name)")
  }

  private func kind(_ pause: ClockPause) -> String {
    pause.kind.isEmpty ? of("pause", "暂停") : language.pause(pause.kind)
  }

  /// From when to when, without the year where it is that of a date beside it.
  private func span(_ pause: ClockPause, year date: CivilDate) -> String {
    func short(_ instant: Instant) -> String {
      zone.date(of: instant).fields.year == date.fields.year ? String(time(instant).dropFirst(5)) : time(instant)
    }
    guard let to = pause.to else { return of("since \(short(pause.from))", "\(short(pause.from))起") }
    return of("\(short(pause.from)) to \(short(to))", "\(short(pause.from))至\(short(to))")
  }

  /// What a stretch of dates is made of: `8 counted (3–10), 4 rest days`.
  public func stretch(_ days: [ExplainedDay]) -> String {
    var parts: [String] = []
    func add(_ reason: CountedDay.Reason, _ english: (Int) -> String, _ chinese: (Int) -> String) {
      let found = days.filter { $0.day.reason == reason }
      guard !found.isEmpty else { return }
      var part = of(english(found.count), chinese(found.count))
      if let first = found.first?.day.number, let last = found.last?.day.number {
        part += first == last ? of(" (\(first))", "（\(first)）") : of(" (\(first)–\(last))", "（\(first)–\(last)）")
      }
      parts.append(part)
    }
    add(.counted, { "\($0) counted" }, { "计入\($0)日" })
    add(.restDay, { "\($0) rest \($0 == 1 ? "day" : "days")" }, { "休息日\($0)日" })
    add(.holiday, { "\($0) \($0 == 1 ? "holiday" : "holidays")" }, { "节假日\($0)日" })
    add(.suspended, { "\($0) suspended" }, { "暂停\($0)日" })
    add(.closure, { "\($0) closed" }, { "停工\($0)日" })
    return of("… \(days.count) days: ", "……共\(days.count)日：") + parts.joined(separator: of(", ", "，"))
  }
}
