import Daemon
import Ledger
import ServiceTime

/// What the on-time report says in words, in one language.
struct ReportWords {
  let language: Language
  private let zone: TimeZoneTable

  init(_ language: Language, _ zone: TimeZoneTable) {
    self.language = language
    self.zone = zone
  }

  private func of(_ english: String, _ chinese: String) -> String { language.of(english, chinese) }

  // MARK: - What it stands for

  var title: String { of("On-time report", "按时办结情况报告") }
  /// The title in the other language, for those who read that.
  var otherTitle: String { ReportWords(language.other, zone).title }
  /// Of a report without rows.
  var nothing: String {
    of("Nothing finished in these days, and nothing is open.", "该期间没有办结，目前也没有在办。")
  }

  /// The range, the moment, the rules, the grouping.
  func facts(_ report: OnTimeReport) -> [(name: String, value: String)] {
    let question = report.question
    let standing = report.standing
    let grouping = [of("commitment", "承诺事项"), of("version", "版本")] + question.dimensions.map(heading)
    var facts = [
      (
        of("stopped", "办结日期"),
        of("from \(question.from) to \(question.to), both included", "\(question.from)至\(question.to)（含首尾两日）")
      ),
      (
        of("as of", "数据截至"), standing.asOf.rfc3339(in: zone)
      ),
      (
        of("rules", "现行规则"),
        standing.policy == 0
          ? of("none in force yet", "当时尚无规则")
          : of(
            "policy \(standing.policy), calendar \(standing.calendar)",
            "承诺政策第\(standing.policy)版，工作日历第\(standing.calendar)版")
      ),
      (of("by", "分组"), grouping.joined(separator: of(", ", "、"))),
    ]
    if standing.behind > 0 { facts.append((of("behind", "未计入"), behind(standing.behind))) }
    return facts
  }

  func behind(_ events: Int64) -> String {
    of(
      "the figures are behind the ledger by \(events) \(events == 1 ? "event" : "events")",
      "尚有\(events)条已入库事件未计入本报告")
  }

  /// A commitment: its title in both languages and its id.
  func heading(commitment: String, _ report: OnTimeReport) -> String {
    let titles = titles(commitment, report)
    return (titles.isEmpty ? "" : titles.joined(separator: " · ") + "  ") + "(\(commitment))"
  }

  func titles(_ commitment: String, _ report: OnTimeReport) -> [String] {
    let promise = report.promises.last { $0.commitment == commitment }
    let titles = [promise?.titleEN, promise?.titleZH]
    return (language == .en ? titles : titles.reversed()).compactMap { $0 }
  }

  /// A version: from when, the limit, the legal one, and what it rests on.
  func promise(_ promise: OnTimeReport.Promise) -> String {
    var text = of("from \(promise.versionFrom): ", "自\(promise.versionFrom)起：")
    text += promise.limit.map(language.limit) ?? of("limit not known", "时限不详")
    if let legal = promise.legalLimit.map(language.limit) {
      text += of(" (legal limit \(legal))", "（法定时限\(legal)）")
    }
    if let basis = promise.basis { text += of("; \(basis)", "；\(basis)") }
    return text
  }

  // MARK: - Columns

  var version: String { of("version", "版本") }
  var total: String { of("total", "合计") }

  func heading(_ dimension: OnTimeReport.Dimension) -> String {
    switch dimension {
    case .process: of("process", "事项类别")
    case .city: of("city", "市县")
    case .town: of("town", "乡镇")
    case .community: of("community", "社区")
    case .region: of("region", "区划")
    case .month: of("month", "月份")
    case .channel: of("channel", "办理渠道")
    case .entityType: of("entity type", "主体类型")
    case .tag: of("tag", "标签")
    case .outcome: of("outcome", "办理结果")
    }
  }

  func heading(_ column: ReportColumn) -> String {
    switch column {
    case .finished: of("finished", "办结")
    case .onTime: of("on time", "按时")
    case .late: of("late", "超期")
    case .premature: of("premature", "过早")
    case .onTimeRate: of("on-time rate", "按时办结率")
    case .earlyRate: of("early rate", "提前办结率")
    case .compression: of("compression", "承诺时限压缩率")
    case .meanCountedDays: of("days: mean", "计入日均值")
    case .medianCountedDays: of("median", "中位数")
    case .p90CountedDays: of("p90", "P90")
    case .meanWorkingHours: of("hours: mean", "工时均值")
    case .medianWorkingHours: of("median", "中位数")
    case .p90WorkingHours: of("p90", "P90")
    case .open: of("open now", "在办")
    case .overdue: of("overdue now", "逾期在办")
    }
  }

  /// A value of a dimension: a region with its name, what is not known as such.
  func value(_ value: String, of dimension: OnTimeReport.Dimension, _ report: OnTimeReport) -> String {
    guard !value.isEmpty else { return of("not known", "未知") }
    switch dimension {
    case .city, .town, .community, .region:
      return regionName(value, report).map { "\($0) \(value)" } ?? value
    case .process: return language.process(value)
    case .channel: return language.channel(value)
    case .entityType: return language.entityType(value)
    case .outcome: return language.eventType(value)
    case .month, .tag: return value
    }
  }

  func regionName(_ code: String, _ report: OnTimeReport) -> String? {
    guard let names = report.regionNames[code] else { return nil }
    return language == .en ? names.nameEN ?? names.name : names.name
  }

  // MARK: - Definitions

  /// What each measure is.
  var definitions: [(term: String, says: String)] {
    [
      (
        of("Finished", "办结"),
        of(
          "clocks that stopped on a date of the range: one for each case and commitment; withdrawn cases are not among "
            + "them. On time: at or before the due time. Late: after it. Premature: before the time had run that is "
            + "the least, as a notice taken down early.",
          "在该期间停止的时钟，每个办件、每项承诺各计一个；撤回的不计。按时：不晚于到期时刻；超期：晚于到期时刻；"
            + "过早：未满最短期限（如公示提前撤下）。")
      ),
      (
        of("On-time rate", "按时办结率"), of("on time / finished.", "按时 ÷ 办结。")
      ),
      (
        of("Early rate", "提前办结率"),
        of("on time and on a date before the due day / finished.", "在到期日之前的日期按时办结的 ÷ 办结。")
      ),
      (
        of("Compression", "承诺时限压缩率"),
        of(
          "(legal limit − promised limit) / legal limit, of the version; of a total, where its versions agree.",
          "（法定时限 − 承诺时限）÷ 法定时限，按版本；合计仅在各版本一致时给出。")
      ),
      (
        of("Counted days", "计入日"),
        of(
          "days counted as the limit counts them: the start date is not (Civil Code art. 201), nor rest days and "
            + "holidays for limits in working days, nor days suspended. Median and P90 by nearest rank.",
          "按该时限的计算方式计入的天数：起算日不计（民法典第二百零一条）；以工作日计的，休息日、节假日不计；暂停的日期不计。"
            + "中位数和P90按最近秩取值。")
      ),
      (
        of("Working hours", "工时"),
        of(
          "office hours while the clock ran, without pauses and closures; median and P90 within 1/128.",
          "时钟运行期间的办公时间，不含暂停和停工；中位数和P90误差不超过1/128。")
      ),
      (
        of("Open, overdue now", "在办、逾期在办"),
        of(
          "clocks that run or are paused at the moment of the report, whenever they started, and those of them past "
            + "due. Who looks at finished cases alone does not see the worst.",
          "报告时点仍在计时或暂停的时钟（不论何时起算），以及其中已过到期时刻的。只看办结会漏掉最严重的情形。")
      ),
      (
        "–",
        of(
          "nothing finished, no legal limit is known, or the figure has no place in this grouping; not zero.",
          "没有办结、未填法定时限，或该分组下不适用；不是零。")
      ),
    ]
  }
}
