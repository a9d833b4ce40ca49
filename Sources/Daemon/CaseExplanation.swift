import Ledger
import ServiceTime

/// A case explained: why its due times are what they are and its verdicts what they are. Facts only; how they are
/// worded is `ExplanationWords`' part.
public struct CaseExplanation: Sendable {
  /// The case.
  public let caseID: String
  /// What the database knows of it.
  public let report: CaseReport
  /// The moment for which open clocks are explained.
  public let now: Instant
  /// The zone of its process's calendar.
  public let zone: TimeZoneTable
  /// The clocks asked for.
  public let clocks: [ExplainedClock]
  /// Alerts of clocks that the case no longer has.
  public let orphans: [CaseReport.Alert]
  /// What was believed of clocks that the case no longer has.
  public let formerBeliefs: [CaseReport.Belief]

  /// Which clocks are asked for.
  public struct Selection: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The round; nil is all.
    public var round: Int?

    /// Reads `COMMITMENT` or `COMMITMENT/ROUND`; nil for anything else.
    public init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard let commitment = parts.first, !commitment.isEmpty, parts.count <= 2 else { return nil }
      self.commitment = String(commitment)
      if parts.count == 2 {
        guard let round = Int(parts[1]), round > 0 else { return nil }
        self.round = round
      }
    }
  }

  /// Explains a case by the rules in force at a moment, as of it.
  public init(
    caseID: String, report: CaseReport, rulebook: Rulebook, now: Instant, only selection: Selection? = nil
  ) {
    self.caseID = caseID
    self.report = report
    self.now = now
    zone =
      report.attributes.process.flatMap { rulebook.mainCalendar(process: $0)?.zone }
      ?? rulebook.policy.commitments.first.flatMap { rulebook.calendars[$0.calendar]?.zone } ?? .utc
    func isSelected(_ commitment: String, _ round: Int) -> Bool {
      guard let selection else { return true }
      return selection.commitment == commitment && (selection.round ?? round) == round
    }
    clocks = report.clocks.filter { isSelected($0.commitment, $0.round) }.map { clock in
      ExplainedClock(
        clock, rulebook,
        alerts: report.alerts.filter { $0.commitment == clock.commitment && $0.round == clock.round },
        beliefs: report.beliefs.filter { $0.commitment == clock.commitment && $0.round == clock.round }, now: now)
    }
    func isGone(_ commitment: String, _ round: Int) -> Bool {
      isSelected(commitment, round) && !report.clocks.contains { $0.commitment == commitment && $0.round == round }
    }
    orphans = report.alerts.filter { isGone($0.commitment, $0.round) }
    formerBeliefs = report.beliefs.filter { isGone($0.commitment, $0.round) }
  }

  /// The events that happened, in event order.
  public var happened: [Event] { report.events.filter(\.happened).map(\.stored.event) }
}
