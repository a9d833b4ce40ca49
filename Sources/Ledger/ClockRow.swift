import ServiceTime

/// The key of a clock within its case.
struct ClockKey: Hashable, Sendable, Comparable {
  var commitment: String
  var round: Int32

  static func < (a: ClockKey, b: ClockKey) -> Bool { (a.commitment, a.round) < (b.commitment, b.round) }
}

/// A row of `bizclock.clock`, column by column.
struct ClockRow: Sendable, Equatable {
  var caseID: Identifier
  var key: ClockKey
  var versionFrom: CivilDate
  var startedAt: Instant
  var startedReceivedAt: Instant
  var dueAt: Instant?
  var stoppedAt: Instant?
  var markAt: Instant
  /// The first of `levels` not raised yet; depends on when it was written, so it is not compared.
  var nextLevelAt: Instant?
  var verdictRecordedAt: Instant?
  var measures: Measures
  var overrun: Overrun?
  var markOffice: Int64
  var dueDay: CivilDate?
  var stoppedDay: CivilDate?
  var markDay: CivilDate
  var extendedDays: Int32
  var provisional: Bool
  var breached: Bool
  var early: Bool
  var history: Bool
  var state: Clock.State
  var verdict: Verdict?
  var outcome: String?
  var calendar: String
  /// Every arrival at a level, past or to come, ascending.
  var levels: [LevelReach]
  var pauses: [ClockPause]

  init(
    caseID: Identifier, clock: Clock, receipt: StoredEvent.Receipt, calendar: WorkCalendar, now: Instant
  ) {
    self.caseID = caseID
    key = ClockKey(commitment: clock.commitment, round: Int32(clamping: clock.round))
    versionFrom = clock.versionFrom
    startedAt = clock.startedAt
    startedReceivedAt = receipt.receivedAt
    dueAt = clock.dueAt
    stoppedAt = clock.stoppedAt
    markAt = clock.markAt
    nextLevelAt = clock.pending.first?.at
    measures = clock.measures
    overrun = clock.overrun
    markOffice = calendar.officeTime(until: clock.markAt)
    dueDay = clock.dueDay
    stoppedDay = clock.stoppedDay
    markDay = clock.markDay
    extendedDays = Int32(clamping: clock.extendedDays)
    provisional = clock.provisional
    breached = clock.breached
    early = clock.early
    history = receipt.history
    state = clock.state
    verdict = clock.verdict
    outcome = clock.outcome
    self.calendar = clock.calendar
    levels = clock.reached.isEmpty ? clock.pending : clock.reached + clock.pending
    pauses = clock.pauses
  }

  /// A row read back, to be filled by the reader.
  init(caseID: Identifier, key: ClockKey, at: Instant, day: CivilDate, state: Clock.State, calendar: String) {
    self.caseID = caseID
    self.key = key
    versionFrom = day
    startedAt = at
    startedReceivedAt = at
    markAt = at
    measures = Measures(countedDays: 0, elapsed: 0, paused: 0, working: 0)
    markOffice = 0
    markDay = day
    extendedDays = 0
    provisional = false
    breached = false
    early = false
    history = false
    self.state = state
    self.calendar = calendar
    levels = []
    pauses = []
  }

  /// Whether all that follows from ledger, policy and calendar is the same; when it was first recorded, and what
  /// has been raised since, are not compared.
  func derivesTheSame(as other: ClockRow) -> Bool {
    dueAt == other.dueAt && dueDay == other.dueDay && provisional == other.provisional && levels == other.levels
      && staysTheSame(as: other)
  }

  /// Whether all is the same but for when it is due and reaches its levels, and when it was first recorded.
  ///
  /// Field by field: a copy with some of them set would cost more than comparing.
  private func staysTheSame(as other: ClockRow) -> Bool {
    markAt == other.markAt && startedAt == other.startedAt && startedReceivedAt == other.startedReceivedAt
      && stoppedAt == other.stoppedAt && versionFrom == other.versionFrom && measures == other.measures
      && overrun == other.overrun && markOffice == other.markOffice && stoppedDay == other.stoppedDay
      && markDay == other.markDay && extendedDays == other.extendedDays && breached == other.breached
      && early == other.early && history == other.history && state == other.state && verdict == other.verdict
      && key == other.key && outcome == other.outcome && calendar == other.calendar && pauses == other.pauses
      && caseID == other.caseID
  }

  /// Whether it differs from another row in nothing but when it is due and reaches its levels.
  func isOnlyMoved(from other: ClockRow) -> Bool {
    let sameLevels =
      levels.count == other.levels.count
      && zip(levels, other.levels).allSatisfy {
        $0.level == $1.level && $0.priority == $1.priority && $0.revision == $1.revision
      }
    return sameLevels && verdictRecordedAt == other.verdictRecordedAt && staysTheSame(as: other)
  }

  /// Puts off the levels that page nobody, if it is open: what is at hand may tell soon that it stopped before them. The
  /// timer raises them once all is projected. `after` is `retrospective_after` in microseconds. Says whether there are
  /// such.
  mutating func putOffRetrospective(after: Int64, raised: [AlertRow.Key: AlertRow]) -> Bool {
    guard endedAt == nil else { return false }
    let first = levels.first { reach in
      let key = AlertRow.Key(
        caseID: caseID, clock: key, level: reach.level, revision: Int32(clamping: reach.revision))
      return raised[key]?.withdrawn ?? true
    }
    guard let first, isRetrospective(levelAt: first.at, after: after) else { return false }
    nextLevelAt = first.at
    return true
  }

  /// Whether a level is left to the timer.
  func waits(for reach: LevelReach) -> Bool { nextLevelAt.map { $0 <= reach.at } ?? false }

  /// When it stopped or was cancelled; nil while it is open.
  var endedAt: Instant? { state == .stopped || state == .cancelled ? stoppedAt : nil }

  /// What is believed of a finished clock: a change of any of it makes a history row.
  var belief: Belief? {
    guard state == .stopped else { return nil }
    return Belief(
      versionFrom: versionFrom, startedAt: startedAt, dueAt: dueAt, dueDay: dueDay, stoppedAt: stoppedAt,
      stoppedDay: stoppedDay, measures: measures, overrun: overrun, early: early, verdict: verdict,
      outcome: outcome)
  }

  struct Belief: Equatable {
    var versionFrom: CivilDate
    var startedAt: Instant
    var dueAt: Instant?
    var dueDay: CivilDate?
    var stoppedAt: Instant?
    var stoppedDay: CivilDate?
    var measures: Measures
    var overrun: Overrun?
    var early: Bool
    var verdict: Verdict?
    var outcome: String?
  }

  /// Whether a level reached at an instant is history: it pages nobody.
  ///
  /// `after` is `retrospective_after` in microseconds. What was loaded as history is retrospective up to its load.
  func isRetrospective(levelAt: Instant, after: Int64) -> Bool {
    history ? levelAt < startedReceivedAt : levelAt + after < startedReceivedAt
  }
}
