import ServiceTime

/// What a change of rules moves, counted.
public struct Moves: Sendable, Equatable {
  /// Alerts that are told, told to be another, or taken back.
  public struct Alerts: Sendable, Equatable {
    /// Levels that count as reached now and did not.
    public var added = 0
    /// Alerts with another instant, due time or priority.
    public var amended = 0
    /// Alerts whose levels were not reached.
    public var withdrawn = 0

    /// All of them.
    public var count: Int { added + amended + withdrawn }

    mutating func take(_ change: CaseMove.Alert.Change) {
      switch change {
      case .added: added += 1
      case .amended: amended += 1
      case .withdrawn: withdrawn += 1
      }
    }
  }

  /// From which verdict to which.
  public struct VerdictMove: Sendable, Hashable {
    /// The verdict before; nil where the clock had none.
    public var from: Verdict?
    /// The verdict afterwards; nil where it has none, or is no more.
    public var to: Verdict?
  }

  /// What moves of one commitment.
  public struct Commitment: Sendable, Equatable {
    /// Open clocks that are another, come or go.
    public var open = 0
    /// Finished clocks that are another, come or go.
    public var finished = 0
    /// Due times that become earlier.
    public var earlier = 0
    /// Due times that become later.
    public var later = 0
    /// Due times that come to be known, or unknown while a closure lasts.
    public var knownOrNot = 0
    /// Provisional due times that are settled: what they rest on is published now.
    public var settled = 0
    /// Due times that become provisional.
    public var unsettled = 0
    /// Verdicts that become others, with their numbers.
    public var verdicts: [VerdictMove: Int] = [:]
    /// Finished clocks whose verdict stays, and whose due time or measures do not.
    public var restated = 0
    /// Its alerts.
    public var alerts = Alerts()
  }

  /// What moves of one share.
  public struct Share: Sendable, Equatable {
    /// Periods of which other events count, or that meet the target or miss it now.
    public var periods = 0
    /// Its alerts.
    public var alerts = Alerts()
  }

  /// Cases judged again.
  public internal(set) var cases = 0
  /// What moves, by commitment.
  public private(set) var commitments: [String: Commitment] = [:]
  /// What moves, by share.
  public private(set) var shares: [String: Share] = [:]

  /// Nothing yet.
  public init() {}

  // MARK: - Sums

  /// Whether nothing moves.
  public var isEmpty: Bool { commitments.isEmpty && shares.isEmpty }
  /// Clocks that are another, come or go.
  public var clocks: Int { commitments.values.reduce(0) { $0 + $1.open + $1.finished } }
  /// Alerts that are told, told to be another, or taken back.
  public var alerts: Int {
    commitments.values.reduce(0) { $0 + $1.alerts.count } + shares.values.reduce(0) { $0 + $1.alerts.count }
  }
  /// Finished clocks of which something else is believed: each makes a row of history.
  public var verdicts: Int { commitments.values.reduce(0) { $0 + $1.restated } + changedVerdicts }
  /// Verdicts of finished clocks that become others: only with `--restate`.
  public var changedVerdicts: Int {
    commitments.values.reduce(0) { sum, one in
      sum + one.verdicts.reduce(0) { $0 + ($1.key.from == nil ? 0 : $1.value) }
    }
  }
  /// Provisional due times that are settled.
  public var settled: Int { commitments.values.reduce(0) { $0 + $1.settled } }

  // MARK: - Counting

  mutating func take(_ move: CaseMove) {
    for clock in move.clocks { commitments[clock.commitment, default: Commitment()].take(clock) }
    for alert in move.alerts { commitments[alert.id.commitment, default: Commitment()].alerts.take(alert.change) }
  }

  /// Counts the periods of shares that differ.
  mutating func take(_ before: [SharePeriodRow], _ after: [SharePeriodRow]) {
    struct Key: Hashable {
      var share: String
      var first: CivilDate
      var months: Int
    }
    struct State: Equatable {
      var total: ShareTally
      var isMet: Bool?
    }
    func states(_ rows: [SharePeriodRow]) -> [Key: State] {
      Dictionary(
        rows.map { row in
          (
            Key(share: row.share.id, first: row.span.first, months: row.share.period.months),
            State(total: row.span.track.total, isMet: row.span.track.isMet)
          )
        }, uniquingKeysWith: { $1 })
    }
    let (old, new) = (states(before), states(after))
    for key in Set(old.keys).union(new.keys) where old[key] != new[key] {
      shares[key.share, default: Share()].periods += 1
    }
  }

  mutating func take(share: String, _ change: CaseMove.Alert.Change) {
    shares[share, default: Share()].alerts.take(change)
  }
}

extension Moves.Commitment {
  fileprivate mutating func take(_ clock: CaseMove.Clock) {
    if clock.to?.isOpen ?? clock.from?.isOpen ?? false { open += 1 } else { finished += 1 }
    if clock.from?.verdict != clock.to?.verdict {
      verdicts[Moves.VerdictMove(from: clock.from?.verdict, to: clock.to?.verdict), default: 0] += 1
    } else if clock.isRestated {
      restated += 1
    }
    guard let from = clock.from, let to = clock.to else { return }
    switch (from.dueAt, to.dueAt) {
    case (let a?, let b?):
      if b < a { earlier += 1 }
      if b > a { later += 1 }
    case (nil, nil): break
    default: knownOrNot += 1
    }
    if from.provisional, !to.provisional { settled += 1 }
    if to.provisional, !from.provisional { unsettled += 1 }
  }
}
