import Ledger
import ServiceTime

/// The contract's own names as people say them; what a policy or a feed has named otherwise stays as it is.
extension Language {
  /// An event type, e.g. `correction_requested`.
  public func eventType(_ name: String) -> String { term(name, Terms.eventTypes) }
  /// A step, e.g. `licence`.
  public func step(_ name: String) -> String { term(name, Terms.steps) }
  /// A channel, e.g. `self_service`.
  public func channel(_ name: String) -> String { term(name, Terms.channels) }
  /// An entity type, e.g. `cooperative`.
  public func entityType(_ name: String) -> String { term(name, Terms.entityTypes) }
  /// A process, e.g. `deregistration`.
  public func process(_ name: String) -> String { term(name, Terms.processes) }
  /// A level of the shipped policy, e.g. `yellow`.
  public func level(_ name: String) -> String { term(name, Terms.levels) }

  /// Why a pause began, by the type of the event that began it.
  public func pause(_ kind: String) -> String {
    switch kind {
    case "correction_requested": of("correction of materials", "补正材料")
    case "suspended": of("special procedure: hearing, inspection, expert review", "特别程序（听证、检验、专家评审等）")
    case "reopened": of("time between stop and reopening", "办结至重新开启之间的时间")
    default: of("pause by \(kind)", "由\(kind)引起的暂停")
    }
  }

  /// A verdict in a word or two.
  public func verdict(_ verdict: Verdict) -> String {
    switch verdict {
    case .onTime: of("on time", "按时")
    case .late: of("late", "超期")
    case .premature: of("premature", "过早")
    }
  }

  /// Why what was believed of a clock changed.
  public func changeReason(_ reason: ChangeReason) -> String {
    switch reason {
    case .lateData: of("data that came later", "后到数据")
    case .voided: of("an event was voided", "事件作废")
    case .reopened: of("the case was reopened", "办件重新开启")
    case .calendar: of("another calendar", "日历变更")
    case .policy: of("another policy", "政策变更")
    case .closure: of("a local closure", "停工")
    case .repair: of("a repair", "修复")
    case .neverReached: of("told while the database was away, and never reached", "数据库中断期间告知，实未达到")
    }
  }

  /// A limit as policies write it, e.g. `2 working_days`, in plain words.
  public func limit(_ text: String) -> String {
    let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return text }
    let amount = parts[0]
    let one = amount == "1"
    switch parts[1] {
    case "working_days": return of("\(amount) working \(one ? "day" : "days")", "\(amount)个工作日")
    case "calendar_days": return of("\(amount) calendar \(one ? "day" : "days")", "\(amount)个自然日")
    case "working_hours": return of("\(amount) working \(one ? "hour" : "hours")", "\(amount)个工作小时")
    default: return text
    }
  }

  private func term(_ name: String, _ terms: [String: String]) -> String {
    switch self {
    case .en: name
    case .zh: terms[name] ?? name
    }
  }

  private enum Terms {
    static let eventTypes = [
      "submitted": "提交", "accepted": "受理", "correction_requested": "要求补正", "correction_received": "收到补正材料",
      "suspended": "进入特别程序", "resumed": "特别程序结束", "extended": "延长期限", "step_started": "环节开始",
      "step_completed": "环节办结", "notice_published": "公示开始", "objection_raised": "提出异议",
      "notice_ended": "公示结束", "rejected": "不予办理", "completed": "办结", "reopened": "重新开启",
      "withdrawn": "撤回", "voided": "作废",
    ]
    static let steps = [
      "licence": "营业执照", "seal": "公章", "tax": "税务发票", "social_insurance": "社会保险",
      "medical_insurance": "医疗保险", "housing_fund": "住房公积金", "bank": "银行开户", "hearing": "听证",
      "inspection": "检验检测", "expert_review": "专家评审",
    ]
    static let channels = ["online": "网上办理", "window": "窗口", "self_service": "自助终端"]
    static let entityTypes = ["enterprise": "企业", "individual": "个体工商户", "cooperative": "农民专业合作社"]
    static let processes = ["opening": "企业开办", "deregistration": "注销登记"]
    static let levels = ["yellow": "黄牌", "red": "红牌", "escalated": "督办"]
  }
}
