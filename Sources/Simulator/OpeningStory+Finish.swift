import ServiceTime

extension OpeningStory {
  /// From the licence to the end.
  mutating func finish(_ round: inout Round, _ channel: Channel) {
    let licenceDue = due(round, \.licence)
    let due = due(round, \.opening)
    let isLate = file.random.chance(scenario.overruns)
    let licence: Instant
    if file.random.chance(isLate ? 400 : scenario.overruns) {
      // A late licence makes the whole late only where the whole is to be late.
      licence =
        isLate
        ? office.overrun(licenceDue, &file.random)
        : office.between(licenceDue, due, &file.random) ?? due
    } else {
      licence = office.early(after: round.now, before: licenceDue, &file.random) ?? licenceDue
    }
    let end: Instant
    if isLate {
      end = office.overrun(max(due, licence), &file.random)
    } else {
      end = office.early(after: licence, before: due, &file.random) ?? max(licence, due)
    }
    let started = office.early(after: round.now, before: licence, &file.random) ?? licence
    let licenceStep = file.record(
      .stepStarted, at: started, step: "licence", channel: stepChannel(channel, started))
    let issued = file.record(.stepCompleted, at: licence, step: "licence", channel: stepChannel(channel, licence))
    file.addCreditCode(to: issued)
    let isForgotten = isLate && file.random.chance(80)
    takeSteps(from: licence, to: end, missingOne: isForgotten)
    if !isForgotten {
      file.addCreditCode(to: file.record(.completed, at: end))
      reopen(&round, completed: end, isLate: isLate)
    }
    if file.random.chance(scenario.mistakes) { mistake(round, licence: licence, licenceStep: licenceStep) }
  }

  /// The channel of a step handled by the case's own: the window only where it is open.
  private func stepChannel(_ channel: Channel, _ at: Instant) -> Channel {
    channel == .window && !office.isOpen(at: at) ? .online : channel
  }

  // MARK: Steps after the licence

  /// The steps handled side by side, with how often in a thousand each kind of entity takes them.
  private static let steps: [(name: String, enterprise: Int, individual: Int, cooperative: Int)] = [
    ("seal", 850, 250, 900), ("tax", 950, 550, 900), ("social_insurance", 650, 80, 300),
    ("medical_insurance", 630, 80, 300), ("housing_fund", 350, 20, 60), ("bank", 550, 180, 650),
  ]

  private mutating func takeSteps(from licence: Instant, to end: Instant, missingOne: Bool) {
    var taken = OpeningStory.steps.filter { file.random.chance(share($0)) }
    if taken.isEmpty { taken = [OpeningStory.steps[1]] }
    // The last step to be done ends the case, at times in the same second.
    let last = file.random.below(taken.count)
    for (index, step) in taken.enumerated() {
      let isTax = step.name == "tax"
      var started = licence
      if file.random.chance(300), let later = office.early(after: licence, before: end, &file.random) {
        started = later
      }
      var done = office.between(started, end, &file.random) ?? end
      if index == last, file.random.chance(350) { done = end }
      let isOnline = file.random.chance(isTax ? scenario.onlineTax : 620)
      let channel: Channel
      if isOnline {
        channel = .online
        if file.random.chance(150), let evening = evening(of: done), evening < end { done = evening }
      } else {
        channel = office.isOpen(at: started) && file.random.chance(700) ? .window : .selfService
      }
      file.record(.stepStarted, at: started, step: step.name, channel: channel)
      if missingOne, index == last { continue }
      file.record(.stepCompleted, at: done, step: step.name, channel: channel)
    }
  }

  private func share(_ step: (name: String, enterprise: Int, individual: Int, cooperative: Int)) -> Int {
    switch file.subject.applicant.type {
    case .enterprise: step.enterprise
    case .individual: step.individual
    case .cooperative: step.cooperative
    }
  }

  /// Some time after the close of the day.
  private mutating func evening(of instant: Instant) -> Instant? {
    let close = office.calendar.close(office.calendar.date(of: instant))
    return close.later(seconds: 1_800 + file.random.below(4 * 3_600))
  }

  // MARK: After the end

  /// Taken up again for a misprint on the licence; stop to reopening is a pause.
  private mutating func reopen(_ round: inout Round, completed: Instant, isLate: Bool) {
    guard file.random.chance(scenario.reopenings) else { return }
    let at = office.after(completed, seconds: 1_800 + file.random.early(below: 8 * office.daySeconds))
    file.record(.reopened, at: at)
    round.pauses.append(PauseSpan(from: completed, to: at))
    let due = due(round, \.opening)
    let end =
      isLate
      ? office.overrun(max(at, due), &file.random)
      : office.early(after: at, before: due, &file.random) ?? max(at, due)
    file.record(.completed, at: end)
  }

  /// An event entered by mistake and voided. Mostly the void is later than what it voids; some systems date it
  /// back to before.
  private mutating func mistake(_ round: Round, licence: Instant, licenceStep: Int) {
    if file.random.chance(150) {
      // The true event is voided, and then that void.
      let at = office.after(licence, seconds: 300 + file.random.below(3_600))
      let wrong = file.void(licenceStep, at: at)
      file.void(wrong, at: office.after(at, seconds: 60 + file.random.below(1_800)))
      return
    }
    let kinds: [ServiceTime.EventType] = [.completed, .correctionRequested, .withdrawn, .rejected, .suspended]
    guard let at = office.between(round.accepted, licence, &file.random) else { return }
    let mistaken = file.record(kinds[file.random.weighted([4, 3, 1, 1, 1])], at: at)
    if file.random.chance(200) {
      file.void(mistaken, at: max(file.opened, at.later(seconds: -file.random.within(1...1_800))))
    } else {
      file.void(mistaken, at: office.after(at, seconds: 30 + file.random.early(below: 7_200)))
    }
  }
}
