import ServiceTime

/// The on-time report: finished clocks by date of stop, grouped by commitment version and further dimensions, with
/// what is open beside them.
public struct OnTimeReport: Sendable {
  /// What a report may tell apart beside commitment and version; raw values are the names of its columns.
  public enum Dimension: String, Sendable, CaseIterable {
    /// The process of the case.
    case process
    /// The region's first 6 digits.
    case city
    /// The region's first 9 digits.
    case town
    /// The region's first 12 digits.
    case community
    /// The region as the case tells it.
    case region
    /// The month of the stop, `YYYY-MM`.
    case month
    /// How the case came in.
    case channel
    /// Enterprise, individual or cooperative.
    case entityType = "entity_type"
    /// The first of the policy's report tags that the case has.
    case tag = "report_tag"
    /// Type of the event that stopped the clock.
    case outcome

    /// Whether its values are region codes, which have names.
    public var isRegion: Bool {
      switch self {
      case .city, .town, .community, .region: true
      case .process, .month, .channel, .entityType, .tag, .outcome: false
      }
    }

    /// Whether a clock that is still open has a value of it.
    public var tellsOpenClocksApart: Bool { self != .month && self != .outcome }
  }

  /// What is asked for.
  public struct Question: Sendable {
    /// The first date of stop.
    public var from: CivilDate
    /// The last date of stop.
    public var to: CivilDate
    /// Further dimensions, in the order of the rows' values; each once.
    public var dimensions: [Dimension]
    /// As of which moment the figures were known; nil is as they stand now.
    public var past: Past?

    /// A question; arguments as the properties.
    public init(from: CivilDate, to: CivilDate, dimensions: [Dimension] = [], past: Past? = nil) {
      self.from = from
      self.to = to
      self.dimensions = dimensions
      self.past = past
    }
  }

  /// A past moment with the rules in force then.
  public struct Past: Sendable {
    /// What was known.
    public var known: KnownThen
    /// The rules in force then, compiled; nil if there were none.
    public var rulebook: Rulebook?

    /// A past moment; arguments as the properties.
    public init(known: KnownThen, rulebook: Rulebook?) {
      self.known = known
      self.rulebook = rulebook
    }
  }

  /// Of which moment and which rules a report speaks.
  public struct Standing: Sendable {
    /// The moment by which open clocks are overdue or not.
    public var now: Instant
    /// Everything recorded up to this instant is in the figures, nothing later; who asks as of it gets the same.
    public var asOf: Instant
    /// Number of the policy in force then.
    public var policy: Int64
    /// Number of the calendar in force then.
    public var calendar: Int64
    /// How many events of the ledger are not projected yet.
    public var behind: Int64
  }

  /// Counts and measures of the finished clocks of a row; what is a share or a mean is nil where nothing finished.
  public struct Figures: Sendable, Equatable {
    /// Clocks that stopped.
    public var finished: Int64 = 0
    /// Of these, on time.
    public var onTime: Int64 = 0
    /// Of these, late.
    public var late: Int64 = 0
    /// Of these, stopped before the floor had run.
    public var premature: Int64 = 0
    /// Of those on time, stopped on a date before the due day.
    public var early: Int64 = 0
    /// Mean of counted days.
    public var meanCountedDays: Double?
    /// Median of counted days, by nearest rank.
    public var medianCountedDays: Int64?
    /// 90th percentile of counted days, by nearest rank.
    public var p90CountedDays: Int64?
    /// Mean office time in hours.
    public var meanWorkingHours: Double?
    /// Median office time in hours, by nearest rank.
    public var medianWorkingHours: Double?
    /// 90th percentile of office time in hours, by nearest rank.
    public var p90WorkingHours: Double?

    /// 按时办结率: on time / finished.
    public var onTimeRate: Double? { finished > 0 ? Double(onTime) / Double(finished) : nil }
    /// 提前办结率: early / finished.
    public var earlyRate: Double? { finished > 0 ? Double(early) / Double(finished) : nil }
  }

  /// A group, or the total of a commitment.
  public struct Row: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The first date of the version; nil in a total.
    public var versionFrom: CivilDate?
    /// A value for each dimension of the question, empty where not known; none in a total.
    public var values: [String]
    /// What finished.
    public var figures = Figures()
    /// 承诺时限压缩率: (legal − promised) / legal. In a total, where all versions that finished clocks agree on one.
    public var compression: Double?
    /// Clocks open at the report's moment; nil where an open clock has no place in the grouping.
    public var open: Int64?
    /// Of these, past due.
    public var overdue: Int64?

    /// Whether it is the total of its commitment.
    public var isTotal: Bool { versionFrom == nil }
  }

  /// A commitment version as the policy words it that is in force, or was at the report's moment.
  public struct Promise: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The first date on which the version is in force.
    public var versionFrom: CivilDate
    /// The commitment's place in the policy.
    public var ordinal: Int32
    /// The promised limit, as the policy writes it.
    public var limit: String?
    /// The limit set by law, as the policy writes it.
    public var legalLimit: String?
    /// The text that the promise rests on.
    public var basis: String?
    /// The compression of the limit.
    public var compression: Double?
    /// The commitment's title in English.
    public var titleEN: String?
    /// The commitment's title in Chinese.
    public var titleZH: String?
  }

  /// A region's names.
  public struct RegionName: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its name in English.
    public var nameEN: String?
  }

  /// What was asked for.
  public var question: Question
  /// Of which moment it speaks.
  public var standing: Standing
  /// The versions of the policy, in its order.
  public var promises: [Promise]
  /// The groups, by commitment in the policy's order; the total of a commitment follows its groups.
  public var rows: [Row]
  /// Names of the regions in the rows, by code, as far as they are known.
  public var regionNames: [String: RegionName]

  /// The version of a row's commitment; of a total, its newest.
  public func promise(of row: Row) -> Promise? {
    promises.last { $0.commitment == row.commitment && (row.isTotal || $0.versionFrom == row.versionFrom) }
  }

  /// The commitments of the rows, in their order.
  public var commitments: [String] { rows.filter(\.isTotal).map(\.commitment) }
}
