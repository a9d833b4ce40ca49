import ServiceTime

/// A rule of law of mainland China that a day, a pause or a limit rests on; raw values are stable names for programs.
public enum LegalRule: String, Sendable {
  /// Civil Code art. 201: the day on which time starts is not counted.
  case startDateNotCounted = "civil_code_201"
  /// Civil Code art. 203: a last day that is a rest day moves to the next day after the holiday.
  case lastDayMoves = "civil_code_203"
  /// Administrative Licensing Law art. 32: incomplete materials are returned once, to be corrected.
  case correction = "administrative_licensing_law_32"
  /// Administrative Licensing Law art. 45: hearings, inspections and expert reviews are not counted.
  case specialProcedure = "administrative_licensing_law_45"
  /// Administrative Licensing Law art. 82: limits are in working days, without statutory holidays.
  case workingDays = "administrative_licensing_law_82"
  /// The State Council's yearly notice of holidays and of days worked instead.
  case stateCouncilNotice = "state_council_notice"
  /// Regulation on Optimizing the Business Environment art. 36: reasons of an overrun are made public.
  case reasonsMadePublic = "business_environment_regulation_36"

  /// Whether these rules hold where a calendar is kept: another country's calendar has other laws.
  public static func hold(for calendar: WorkCalendar) -> Bool { chineseZones.contains(calendar.zone.name) }

  private static let chineseZones: Set = [
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC",
  ]

  /// The rule of a pause, by the type of the event that began it.
  public static func pause(_ kind: String) -> LegalRule? {
    switch kind {
    case "correction_requested": .correction
    case "suspended": .specialProcedure
    default: nil
    }
  }

  /// The rule as it is cited.
  public func cited(in language: Language) -> String {
    switch self {
    case .startDateNotCounted: language.of("Civil Code art. 201", "民法典第二百零一条")
    case .lastDayMoves: language.of("Civil Code art. 203", "民法典第二百零三条")
    case .correction: language.of("Administrative Licensing Law art. 32", "行政许可法第三十二条")
    case .specialProcedure: language.of("Administrative Licensing Law art. 45", "行政许可法第四十五条")
    case .workingDays: language.of("Administrative Licensing Law art. 82", "行政许可法第八十二条")
    case .stateCouncilNotice: language.of("State Council notice", "国务院办公厅通知")
    case .reasonsMadePublic:
      language.of("Regulation on Optimizing the Business Environment art. 36", "优化营商环境条例第三十六条")
    }
  }
}
