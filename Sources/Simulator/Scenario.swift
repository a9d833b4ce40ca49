import ServiceTime

/// What is simulated and how often; all shares are in thousandths.
public struct Scenario: Sendable, Equatable {
  /// Deregistrations among all cases.
  public var deregistrations = 300
  /// Cases finished later than promised, and licences issued later than promised.
  public var overruns = 40
  /// Openings whose materials are returned for correction.
  public var corrections = 220
  /// Corrected cases whose materials are returned a second time.
  public var secondCorrections = 180
  /// Corrections that are never answered.
  public var unansweredCorrections = 40
  /// Cases with a special procedure: hearing, inspection or expert review.
  public var specialProcedures = 50
  /// Openings whose limit is extended by 1–3 days.
  public var extensions = 25
  /// Cases that their applicants withdraw.
  public var withdrawals = 30
  /// Cases that are rejected.
  public var rejections = 40
  /// Rejected openings that are submitted again; of the withdrawn ones a third of this share.
  public var reapplications = 500
  /// Completed openings that are reopened.
  public var reopenings = 20
  /// Cases with an event entered by mistake and voided.
  public var mistakes = 35
  /// Notices taken down before their time.
  public var prematureNotices = 25
  /// Notices against which an objection is raised.
  public var objections = 30
  /// Openings with the tag `assisted`; enterprises only.
  public var assisted = 80
  /// Tax steps that are handled online.
  public var onlineTax = 900
  /// Limits that officers work towards, ascending by `from`.
  public var promises = PromisedTimes.shipped
  /// The last date on which cases start; nil is the last simulated one.
  public var lastStart: CivilDate?
  /// The system that the events come from.
  public var source: Identifier = "simulator"

  /// The usual shares.
  public init() {}

  /// The usual shares.
  public static let usual = Scenario()
}
