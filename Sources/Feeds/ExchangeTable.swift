/// The tables of a front-end exchange database (前置库) that are read, by their names there.
public enum ExchangeTable: String, Sendable, CaseIterable {
  /// A case that was applied for and accepted.
  case accept = "up_pro_accept"
  /// A step of its handling.
  case process = "up_pro_process"
  /// Its result.
  case result = "up_pro_result"
  /// An extension of its limit, or what stops its clock.
  case specialProcedure = "up_pro_special_procedure"

  /// In the order of reading. What ends a case or stops its clock comes before what starts it, and last of all the
  /// acceptance, which alone bears the process: a case that is old news has no clock before all of it is known, and
  /// nobody is told that it is late who was done in time.
  public static let inOrder: [ExchangeTable] = [.result, .specialProcedure, .process, .accept]

  /// What ids of its rows' events begin with; never changed.
  var letter: String {
    switch self {
    case .accept: "a"
    case .process: "p"
    case .result: "r"
    case .specialProcedure: "s"
    }
  }

  /// Whether its rows tell of what lasts, and may plan its end.
  public var plansEnds: Bool { self == .process || self == .specialProcedure }

  /// Columns that every table has.
  static let common = ["row_guid", "cd_operation", "cd_time", "project_no"]

  /// Columns that it must have.
  var needed: [String] {
    switch self {
    case .accept: ExchangeTable.common + ["task_code", "apply_date", "accept_date"]
    case .process: ExchangeTable.common + ["process_name", "event_start_time", "event_end_time"]
    case .result: ExchangeTable.common + ["result_date", "result_type"]
    case .specialProcedure: ExchangeTable.common + ["special_type", "special_time", "end_time"]
    }
  }
}
