import Ledger
import ServiceTime

/// A clock explained: its rules, its measures at the moment, its days and its alerts.
public struct ExplainedClock: Sendable {
  /// The clock as folded.
  public let clock: Clock
  /// Its commitment.
  public let commitment: Commitment?
  /// The version that judges it.
  public let version: CommitmentVersion?
  /// What reckons it; nil if the rules no longer know its version or calendar.
  public let reckoner: Reckoner?
  /// What has run up to the end, or up to the moment while it is open.
  public let measures: Measures
  /// By how much it is late, at the end or at the moment.
  public let overrun: Overrun?
  /// Every date from the start to the due time and to the end or the moment, whichever is later; at most 4,000.
  public let days: [ExplainedDay]
  /// Whether dates after the last of `days` are left out.
  public let isCut: Bool
  /// Its alerts, by the level's instant.
  public let alerts: [CaseReport.Alert]
  /// What has been believed of it, by time.
  public let beliefs: [CaseReport.Belief]

  init(
    _ clock: Clock, _ rulebook: Rulebook, alerts: [CaseReport.Alert], beliefs: [CaseReport.Belief], now: Instant
  ) {
    self.clock = clock
    self.beliefs = beliefs
    commitment = rulebook.policy.commitments.first { $0.id == clock.commitment }
    version = commitment?.versions.first { $0.from == clock.versionFrom }
    let reckoner = clock.reckoner(rulebook, asOf: now)
    self.reckoner = reckoner
    self.alerts = alerts
    guard let reckoner else {
      measures = clock.measures
      overrun = clock.overrun
      days = []
      isCut = false
      return
    }
    let moment = max(now, clock.startedAt)
    measures = clock.isOpen ? reckoner.measures(at: moment) : clock.measures
    overrun = clock.isOpen ? reckoner.overrun(stoppedAt: moment) : clock.overrun
    let calendar = reckoner.calendar
    var last = calendar.date(of: clock.stoppedAt ?? moment)
    if let due = reckoner.due, clock.state != .cancelled { last = max(last, due.day, calendar.date(of: due.at)) }
    days = ExplainedDay.all(
      reckoner, pauses: clock.pauses, rulebook, through: last, endedOn: clock.stoppedDay,
      overrun: overrun != nil)
    isCut = days.last.map { $0.day.date < last } ?? true
  }

  /// The number of the due day among the counted ones.
  var dueNumber: Int? { days.first { $0.day.date == clock.dueDay }?.day.number }

  /// Whether the last day was moved to the next worked one.
  var isRolled: Bool {
    guard let version, version.rollForward, case .calendarDays(let days) = version.limit, let number = dueNumber
    else { return false }
    return number > days + clock.extendedDays
  }
}
