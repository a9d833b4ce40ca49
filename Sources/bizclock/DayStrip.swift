import Daemon
import ServiceTime

/// A clock day by day: each date, its number, why it counts or not, and what happened on it.
struct DayStrip {
  /// From how many dates on stretches are made one line on which nothing happened.
  static let foldedFrom = 60

  private let days: [ExplainedDay]
  private let isCut: Bool
  private let happenings: [CivilDate: [String]]
  private let words: ExplanationWords

  init(
    _ explained: ExplainedClock, _ reckoner: Reckoner, events: [Event], _ words: ExplanationWords,
    name: (Event) -> String
  ) {
    days = explained.days
    isCut = explained.isCut
    self.words = words
    happenings = DayStrip.happenings(explained, reckoner, events: events, words, name)
  }

  var text: String {
    var table = TextTable(
      words.language == .en
        ? ["date", "day", "counts", "why", "on this day"] : ["日期", "星期", "计数", "理由", "当日"],
      right: [2])
    for line in folded {
      switch line {
      case .day(let day):
        table.add([
          day.day.date.description, words.weekday(day.day.date), day.day.number.map(String.init) ?? "–",
          words.reason(day), (happenings[day.day.date] ?? []).joined(separator: words.language.of("; ", "；")),
        ])
      case .stretch(let stretch): table.add(["", "", "", words.stretch(stretch)])
      }
    }
    guard isCut else { return table.text }
    return table.text + "\n" + words.cutShort
  }

  // MARK: - Folding

  private enum Line {
    case day(ExplainedDay)
    case stretch([ExplainedDay])
  }

  /// The dates with long plain stretches made one line; beside what happened, the dates around it stay.
  private var folded: [Line] {
    guard days.count > DayStrip.foldedFrom else { return days.map { .day($0) } }
    let last = days.count - 1
    let telling = days.enumerated().map { index, day in
      index == 0 || index == last || day.day.reason == .restarted || happenings[day.day.date] != nil
    }
    func isKept(_ index: Int) -> Bool {
      telling[max(0, index - 1)...min(last, index + 1)].contains(true)
    }
    var lines: [Line] = []
    var stretch: [ExplainedDay] = []
    func close() {
      lines += stretch.count < 3 ? stretch.map { .day($0) } : [.stretch(stretch)]
      stretch = []
    }
    for index in days.indices {
      if isKept(index) {
        close()
        lines.append(.day(days[index]))
      } else {
        stretch.append(days[index])
      }
    }
    close()
    return lines
  }

  // MARK: - What happened

  private static func happenings(
    _ explained: ExplainedClock, _ reckoner: Reckoner, events: [Event], _ words: ExplanationWords,
    _ name: (Event) -> String
  ) -> [CivilDate: [String]] {
    let clock = explained.clock
    let calendar = reckoner.calendar
    guard let first = explained.days.first?.day.date, let last = explained.days.last?.day.date else { return [:] }
    var found: [(at: Instant, order: Int, text: String)] = []
    func add(_ at: Instant, _ order: Int, _ text: String) {
      if (first...last).contains(calendar.date(of: at)) { found.append((at, order, text)) }
    }
    let language = words.language
    for event in events { add(event.occurredAt, 0, name(event)) }
    if let due = clock.dueAt { add(due, 1, language.of("due", "到期")) }
    for reach in clock.reached {
      add(reach.at, 2, language.of("level \(reach.level) reached", "\(language.level(reach.level))触发"))
    }
    for reach in clock.pending {
      add(reach.at, 2, language.of("level \(reach.level) to come", "\(language.level(reach.level))将触发"))
    }
    if explained.version?.closures == .pause {
      for closure in calendar.closures {
        add(closure.from, 3, language.of("closure begins: \(closure.name)", "停工开始：\(closure.name)"))
        if let to = closure.to { add(to, 3, language.of("closure ends: \(closure.name)", "停工结束：\(closure.name)")) }
      }
    }
    var byDate: [CivilDate: [String]] = [:]
    for (at, _, text) in found.enumerated().sorted(by: {
      ($0.element.at, $0.element.order, $0.offset) < ($1.element.at, $1.element.order, $1.offset)
    }).map(\.element) {
      byDate[calendar.date(of: at), default: []].append("\(words.timeOfDay(at)) \(text)")
    }
    return byDate
  }
}
