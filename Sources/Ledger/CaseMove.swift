import ServiceTime

/// What a change of rules moves in one case.
public struct CaseMove: Sendable {
  /// What there is of a clock on one side of the change.
  public struct Side: Sendable, Equatable {
    /// Running, paused, stopped or cancelled.
    public var state: ServiceTime.Clock.State
    /// Due; nil while unknown and for cancelled clocks.
    public var dueAt: Instant?
    /// Of a stopped clock.
    public var verdict: Verdict?
    /// Whether due rests on a day the calendar is not published for.
    public var provisional: Bool

    init(_ row: ClockRow) {
      state = row.state
      dueAt = row.dueAt
      verdict = row.verdict
      provisional = row.provisional
    }

    /// Whether it runs or is paused.
    public var isOpen: Bool { state == .running || state == .paused }
  }

  /// A clock that is another, comes or goes.
  public struct Clock: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The round.
    public var round: Int32
    /// The calendar that counts it.
    public var calendar: String
    /// As it was; nil where there was none.
    public var from: Side?
    /// As it becomes; nil where there is none.
    public var to: Side?
    /// Whether what was believed of it when it had finished is another: its verdict, due time or measures.
    public var isRestated: Bool

    /// Whether it had a verdict that becomes another.
    public var changesVerdict: Bool { from?.verdict != nil && from?.verdict != to?.verdict }
  }

  /// An alert that is told, told to be another, or taken back.
  public struct Alert: Sendable {
    /// What becomes of it.
    public enum Change: String, Sendable { case added, amended, withdrawn }
    /// Its id.
    public var id: AlertID
    /// What becomes of it.
    public var change: Change
    /// When its level was reached.
    public var levelAt: Instant
  }

  /// The case.
  public var caseID: String
  /// Its clocks that move.
  public var clocks: [Clock] = []
  /// Its alerts that move.
  public var alerts: [Alert] = []
}

extension ProjectionDelta {
  /// How much has been gathered so far.
  struct Mark {
    var new: Int
    var changed: Int
    var moved: Int
    var vanished: Int
    var superseded: Int
    var newAlerts: Int
    var changedAlerts: Int
  }

  var mark: Mark {
    Mark(
      new: newClocks.count, changed: changedClocks.count, moved: movedClocks.count,
      vanished: vanishedClocks.count,
      superseded: superseded.count, newAlerts: newAlerts.count, changedAlerts: changedAlerts.count)
  }

  /// What a case added since a mark; nil if that is nothing.
  ///
  /// Levels that the case's rows foresaw are left out: they come with time, and not by the change.
  func move(of caseID: Identifier, _ before: CaseBefore, since mark: Mark) -> CaseMove? {
    var move = CaseMove(caseID: caseID.text)
    let restated = superseded.count == mark.superseded ? [] : superseded[mark.superseded...].map(\.row.key)
    func add(_ key: ClockKey, _ old: ClockRow?, _ new: ClockRow?) {
      move.clocks.append(
        CaseMove.Clock(
          commitment: key.commitment, round: key.round, calendar: new?.calendar ?? old?.calendar ?? "",
          from: old.map(CaseMove.Side.init), to: new.map(CaseMove.Side.init), isRestated: restated.contains(key)))
    }
    for row in newClocks[mark.new...] { add(row.key, nil, row) }
    func addChanged(_ row: ClockRow) {
      let old = before.clock(row.key)
      if let old, old.derivesTheSame(as: row), !restated.contains(row.key) { return }
      add(row.key, old, row)
    }
    for row in changedClocks[mark.changed...] { addChanged(row) }
    for row in movedClocks[mark.moved...] { addChanged(row) }
    for (_, key) in vanishedClocks[mark.vanished...] { add(key, before.clock(key), nil) }
    for alert in newAlerts[mark.newAlerts...] where alert.dataAt != nil {
      move.alerts.append(CaseMove.Alert(id: alert.id, change: .added, levelAt: alert.levelAt))
    }
    for alert in changedAlerts[mark.changedAlerts...] {
      move.alerts.append(
        CaseMove.Alert(id: alert.id, change: alert.withdrawn ? .withdrawn : .amended, levelAt: alert.levelAt))
    }
    return move.clocks.isEmpty && move.alerts.isEmpty ? nil : move
  }
}

extension AlertRow {
  var id: AlertID {
    AlertID(
      caseID: key.caseID.text, commitment: key.clock.commitment, round: key.clock.round, level: key.level,
      revision: key.revision)
  }
}
