/// Which cases a change of rules can touch: the others would be judged again in vain.
public enum RuleReach: Sendable, Equatable {
  /// None: titles, names or targets of shares are others.
  case nothing
  /// Those with an open clock, and those of which an event, a due time, an end or a level lies on a date or after it.
  case from(CivilDate)
  /// All.
  case everything

  /// What two changes touch together.
  func union(_ other: RuleReach) -> RuleReach {
    switch (self, other) {
    case (.everything, _), (_, .everything): .everything
    case (.nothing, _): other
    case (_, .nothing): self
    case (.from(let a), .from(let b)): .from(min(a, b))
    }
  }
}

extension Rulebook {
  /// Which cases can be judged otherwise by these rules than by former ones.
  ///
  /// What a clock asks a calendar lies on the dates from its start to its end, its due time and its levels; which
  /// version judges it, on the date of its start. Rules that are the same up to a date give the same for a clock of
  /// which all lies before that date.
  public func reach(over former: Rulebook) -> RuleReach {
    var reach = RuleReach.nothing
    guard Set(calendars.keys) == Set(former.calendars.keys) else { return .everything }
    for (id, calendar) in calendars {
      guard let before = former.calendars[id] else { return .everything }
      reach = reach.union(calendar.reach(over: before))
    }
    let (mine, theirs) = (policy, former.policy)
    guard mine.reportTags == theirs.reportTags, mine.shares.map(\.membership) == theirs.shares.map(\.membership),
      shareCalendars.map(\.id) == former.shareCalendars.map(\.id),
      Set(mine.commitments.map(\.id)) == Set(theirs.commitments.map(\.id))
    else { return .everything }
    for commitment in mine.commitments {
      guard let before = theirs.commitments.first(where: { $0.id == commitment.id }) else { return .everything }
      reach = reach.union(commitment.reach(over: before))
    }
    return reach
  }
}

extension Commitment {
  fileprivate func reach(over former: Commitment) -> RuleReach {
    let (now, before) = (judging, former.judging)
    if now == before { return .nothing }
    var others = before
    others.versions = now.versions
    guard others == now else { return .everything }
    // Between two of these dates neither changes.
    for date in Set((now.versions + before.versions).map(\.from)).sorted()
    where now.version(on: date) != before.version(on: date) {
      return .from(date)
    }
    return .nothing
  }

  /// The commitment without what says nothing about its clocks.
  private var judging: Commitment {
    var copy = self
    copy.title = [:]
    for index in copy.versions.indices {
      copy.versions[index].basis = nil
      copy.versions[index].legalLimit = nil
    }
    return copy
  }
}

extension ShareCommitment {
  /// The share without what says nothing about which events are in it.
  fileprivate var membership: ShareCommitment {
    var copy = self
    copy.title = [:]
    copy.target = ShareTarget(millionths: 0)
    copy.period = .month
    return copy
  }
}

extension WorkCalendar {
  fileprivate func reach(over former: WorkCalendar) -> RuleReach {
    guard zone.name == former.zone.name, regions == former.regions, base == former.base,
      usualOfficeTime == former.usualOfficeTime
    else { return .everything }
    let dates = [firstDate(differingFrom: former), firstClosure(differingFrom: former)].compactMap { $0 }
    return dates.min().map { .from($0) } ?? .nothing
  }

  private func firstDate(differingFrom former: WorkCalendar) -> CivilDate? {
    if rules == former.rules, zone == former.zone { return nil }
    var date = WorkCalendar.first
    while date <= WorkCalendar.last {
      if isWorked(date) != former.isWorked(date) || isPublished(date) != former.isPublished(date)
        || close(date) != former.close(date) || hours(of: date) != former.hours(of: date)
      {
        return date
      }
      date = date + 1
    }
    return nil
  }

  private func firstClosure(differingFrom former: WorkCalendar) -> CivilDate? {
    func differing(_ a: [Closure], _ b: [Closure]) -> [Instant] {
      let (a, b) = (a.map { PauseSpan(from: $0.from, to: $0.to) }, b.map { PauseSpan(from: $0.from, to: $0.to) })
      return Set(a).symmetricDifference(b).map(\.from)
    }
    var edges = differing(closures, former.closures) + differing(boundedClosures, former.boundedClosures)
    if openClosureFrom != former.openClosureFrom {
      edges += [openClosureFrom, former.openClosureFrom].compactMap { $0 }
    }
    return edges.min().map { date(of: $0) }
  }
}
