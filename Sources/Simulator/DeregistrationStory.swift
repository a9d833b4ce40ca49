import ServiceTime

/// How a deregistration goes (注销): with a notice before it, but for individual businesses.
struct DeregistrationStory {
  var file: CaseFile
  let office: Office
  let scenario: Scenario

  /// Tells the whole story.
  mutating func tell(from submission: Submission) {
    file.submit(submission, knowsCreditCode: true)
    let accepted = accept(submission)
    guard file.subject.applicant.type != .individual else {
      finish(after: accepted)
      return
    }
    clearTax(from: accepted)
    var published = office.after(accepted, seconds: 60 + file.random.early(below: office.daySeconds / 2))
    // After an objection the notice begins anew, twice at most.
    for attempt in 1...2 {
      guard let objected = notice(published, mayBeObjected: attempt == 1) else { return }
      published = office.after(objected, seconds: file.random.within(3...12) * office.daySeconds)
    }
  }

  private mutating func accept(_ submission: Submission) -> Instant {
    var at = submission.at
    if submission.channel == .online, file.random.chance(350) {
      at = at.later(seconds: file.random.early(below: 90))
    } else {
      at = office.after(at, seconds: 300 + file.random.early(below: office.daySeconds / 3))
    }
    let index = file.record(.accepted, at: at)
    if submission.channel == .window { file.addWindow(to: index) }
    return at
  }

  /// Tax clearance (清税), while the notice runs.
  private mutating func clearTax(from accepted: Instant) {
    let started = office.after(accepted, seconds: 60 + file.random.below(3_600))
    let channel: Channel = file.random.chance(scenario.onlineTax) ? .online : .window
    file.record(.stepStarted, at: started, step: "tax", channel: channel)
    let done = office.after(started, seconds: 1_800 + file.random.early(below: 4 * office.daySeconds))
    file.record(.stepCompleted, at: done, step: "tax", channel: channel)
  }

  // MARK: Notice

  /// One notice and what follows; the time of an objection after which another will be published.
  private mutating func notice(_ published: Instant, mayBeObjected: Bool) -> Instant? {
    file.record(.noticePublished, at: published)
    let reckoner = Reckoner(
      version: office.promise(at: published).notice, calendar: office.calendar, start: published)
    guard let due = reckoner.due else { return nil }
    let lastDay = office.calendar.midnight(due.day)
    let objections = mayBeObjected ? scenario.objections : 0
    switch file.random.weighted([
      objections, scenario.withdrawals, scenario.prematureNotices, scenario.overruns, 1_000,
    ])
    {
    case 0:
      let objected = anyTime(after: published, before: lastDay)
      file.record(.objectionRaised, at: objected)
      if file.random.chance(550) { return objected }
      if file.random.chance(700) {
        file.record(.withdrawn, at: office.after(objected, seconds: 600 + file.random.below(6 * office.daySeconds)))
      }
      return nil
    case 1:
      file.record(.withdrawn, at: anyTime(after: published, before: lastDay))
      return nil
    case 2:
      // Taken down by hand on a day before the last.
      end(office.between(published, lastDay, &file.random) ?? lastDay.later(seconds: -3_600))
    case 3: end(office.overrun(due.at, &file.random))
    default: end(inTime(published, due))
    }
    mistake(published, before: lastDay)
    return nil
  }

  /// Mostly the night job takes the notice down just after its last day; at times somebody does on that day.
  private mutating func inTime(_ published: Instant, _ due: Reckoner.Due) -> Instant {
    let lastDay = office.calendar.midnight(due.day)
    let over = office.calendar.midnight(due.day + 1)
    if file.random.chance(60), let byHand = office.between(lastDay, over, &file.random) { return byHand }
    return over.later(seconds: 2 + file.random.early(below: 1_500))
  }

  private mutating func end(_ at: Instant) {
    file.record(.noticeEnded, at: at)
    // Some never come back for the last step.
    guard !file.random.chance(30) else { return }
    finish(after: at)
  }

  private mutating func anyTime(after a: Instant, before b: Instant) -> Instant {
    a.later(seconds: 1 + file.random.below(Int((b - a) / 1_000_000) - 1))
  }

  // MARK: End

  private mutating func finish(after start: Instant) {
    var at = start
    if file.random.chance(scenario.corrections / 4) {
      at = office.after(at, seconds: 600 + file.random.early(below: office.daySeconds))
      file.record(.correctionRequested, at: at)
      guard !file.random.chance(scenario.unansweredCorrections) else { return }
      at = office.after(at, seconds: 3_600 + file.random.early(below: 5 * office.daySeconds))
      file.record(.correctionReceived, at: at)
    }
    let end = office.after(at, seconds: 900 + file.random.early(below: 3 * office.daySeconds))
    switch file.random.weighted([scenario.withdrawals / 3, scenario.rejections / 2, 1_000]) {
    case 0: file.record(.withdrawn, at: end)
    case 1: file.record(.rejected, at: end)
    default: file.record(.completed, at: end)
    }
  }

  /// A notice marked as ended by mistake; without the void it would be premature.
  private mutating func mistake(_ published: Instant, before lastDay: Instant) {
    guard file.random.chance(scenario.mistakes / 2),
      let at = office.between(published, lastDay, &file.random)
    else { return }
    let mistaken = file.record(.noticeEnded, at: at)
    file.void(mistaken, at: office.after(at, seconds: 60 + file.random.early(below: 7_200)))
  }
}
