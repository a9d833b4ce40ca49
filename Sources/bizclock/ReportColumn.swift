import Daemon
import Ledger

/// A column of figures in the on-time report; raw values are its names in SQL, JSON and CSV.
enum ReportColumn: String, CaseIterable {
  case finished
  case onTime = "on_time"
  case late
  case premature
  case onTimeRate = "on_time_rate"
  case earlyRate = "early_rate"
  case compression
  case meanCountedDays = "mean_counted_days"
  case medianCountedDays = "median_counted_days"
  case p90CountedDays = "p90_counted_days"
  case meanWorkingHours = "mean_working_hours"
  case medianWorkingHours = "median_working_hours"
  case p90WorkingHours = "p90_working_hours"
  case open
  case overdue

  /// A figure; nil inside is unknown or without meaning.
  enum Figure {
    case count(Int64?)
    case share(Double?)
    case measure(Double?)
  }

  func figure(_ row: OnTimeReport.Row) -> Figure {
    let f = row.figures
    return switch self {
    case .finished: .count(f.finished)
    case .onTime: .count(f.onTime)
    case .late: .count(f.late)
    case .premature: .count(f.premature)
    case .onTimeRate: .share(f.onTimeRate)
    case .earlyRate: .share(f.earlyRate)
    case .compression: .share(row.compression)
    case .meanCountedDays: .measure(f.meanCountedDays)
    case .medianCountedDays: .count(f.medianCountedDays)
    case .p90CountedDays: .count(f.p90CountedDays)
    case .meanWorkingHours: .measure(f.meanWorkingHours)
    case .medianWorkingHours: .measure(f.medianWorkingHours)
    case .p90WorkingHours: .measure(f.p90WorkingHours)
    case .open: .count(row.open)
    case .overdue: .count(row.overdue)
    }
  }

  /// For people: shares in percent, measures with one decimal, a dash for what there is not.
  func shown(_ row: OnTimeReport.Row) -> String {
    switch figure(row) {
    case .count(let value): value.map(String.init) ?? "–"
    case .share(let value): value.map { ReportColumn.decimal($0 * 100) + " %" } ?? "–"
    case .measure(let value): value.map(ReportColumn.decimal) ?? "–"
    }
  }

  /// One decimal, rounded half away from zero; but a share that is not whole is not rounded up to it.
  static func decimal(_ value: Double) -> String {
    var tenths = Int64((value * 10).rounded())
    if tenths == 1_000, value < 100 { tenths = 999 }
    let sign = tenths < 0 ? "-" : ""
    return "\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
  }

  /// For programs: in full; empty for what there is not.
  func exact(_ row: OnTimeReport.Row) -> String {
    switch figure(row) {
    case .count(let value): value.map(String.init) ?? ""
    case .share(let value), .measure(let value): value.map { "\($0)" } ?? ""
    }
  }

  func json(_ row: OnTimeReport.Row) -> JSONText {
    switch figure(row) {
    case .count(let value): JSONText(value)
    case .share(let value), .measure(let value): JSONText(value)
    }
  }
}
