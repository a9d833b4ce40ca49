/// The rules of a commitment from a date on, and what they rest on.
///
/// Its rules are read and written as if they were its own.
@dynamicMemberLookup
public struct CommitmentVersion: Sendable, Equatable {
  /// When a day ends.
  public enum DayEnd: String, Sendable {
    /// At the close of business.
    case close
    /// At 24:00.
    case midnight
  }
  /// From which date days are counted.
  public enum StartRule: String, Sendable {
    /// The date of the start event.
    case asIs = "as_is"
    /// The next worked day, if the start falls on a day not worked or after its close.
    case nextWorkingDay = "next_working_day"
  }
  /// What a local closure does to the clock.
  public enum ClosureRule: String, Sendable {
    /// It pauses it.
    case pause
    /// Nothing.
    case count
  }

  /// All that says something about a clock: no texts, so that every clock has its own at no cost.
  public struct Rules: Sendable, Equatable {
    /// The first date on which they are in force.
    public var from: CivilDate
    /// The promised limit.
    public var limit: Limit
    /// The least that must have run, in the limit's unit; earlier stops are `premature`.
    public var floor: Limit?
    /// When a day ends.
    public var dayEnd: DayEnd
    /// Whether a last day that is not worked moves to the next worked one (Civil Code art. 203).
    public var rollForward: Bool
    /// From which date days are counted.
    public var startRule: StartRule
    /// What local closures do.
    public var closures: ClosureRule
    /// Plain time added to the due instant, in microseconds ≥ 0.
    public var grace: Int64

    /// Whether rest days and holidays are left out of the count.
    public var countsWorkedDays: Bool {
      if case .calendarDays = limit { return false }
      return true
    }
  }

  /// The rules.
  public var rules: Rules
  /// The limit set by law, for the compression rate; says nothing about the clock.
  public var legalLimit: Limit?
  /// The text that the promise rests on.
  public var basis: String?

  /// A version; arguments as the properties, defaults as the contract.
  public init(
    from: CivilDate, limit: Limit, legalLimit: Limit? = nil, floor: Limit? = nil, dayEnd: DayEnd = .close,
    rollForward: Bool = false, startRule: StartRule = .asIs, closures: ClosureRule = .pause,
    grace: Int64 = 0, basis: String? = nil
  ) {
    rules = Rules(
      from: from, limit: limit, floor: floor, dayEnd: dayEnd, rollForward: rollForward, startRule: startRule,
      closures: closures, grace: grace)
    self.legalLimit = legalLimit
    self.basis = basis
  }

  /// What the rules tell.
  public subscript<Value>(dynamicMember member: KeyPath<Rules, Value>) -> Value { rules[keyPath: member] }

  /// One of the rules.
  public subscript<Value>(dynamicMember member: WritableKeyPath<Rules, Value>) -> Value {
    get { rules[keyPath: member] }
    set { rules[keyPath: member] = newValue }
  }
}
