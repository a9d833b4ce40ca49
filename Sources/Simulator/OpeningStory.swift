import ServiceTime

/// How an opening goes (企业开办): acceptance, corrections, licence, the steps after it, the end.
struct OpeningStory {
  /// One way from an acceptance to its end.
  struct Round {
    let accepted: Instant
    let promise: PromisedVersions
    var pauses: [PauseSpan] = []
    var extendedDays = 0
    /// The story's present.
    var now: Instant
  }

  var file: CaseFile
  let office: Office
  let scenario: Scenario

  /// Most rounds of a case; nobody applies for ever.
  private static let mostRounds = 3

  /// Tells the whole story.
  mutating func tell(from first: Submission) {
    var next: Submission? = first
    var rounds = 0
    while let submission = next, rounds < OpeningStory.mostRounds {
      rounds += 1
      next = tellRound(submission)
    }
  }

  /// Tells one round; gives the next submission where the applicant comes again.
  private mutating func tellRound(_ submission: Submission) -> Submission? {
    var round = accept(submission)
    guard correct(&round, submission.channel), suspend(&round) else { return nil }
    extend(&round)
    switch file.random.weighted([scenario.withdrawals, scenario.rejections, 1_000]) {
    case 0: return withdraw(&round)
    case 1: return reject(&round)
    default:
      finish(&round, submission.channel)
      return nil
    }
  }

  // MARK: Acceptance

  private mutating func accept(_ submission: Submission) -> Round {
    file.submit(submission, knowsCreditCode: false)
    var at = submission.at
    if file.random.chance(scenario.corrections / 12) {
      // Materials returned before acceptance: this pause comes before the start and counts for nothing.
      let asked = office.after(at, seconds: 600 + file.random.early(below: office.daySeconds / 2))
      file.record(.correctionRequested, at: asked)
      at = answer(asked, by: submission.channel, within: 4)
      file.record(.correctionReceived, at: at)
    }
    let accepted: Instant
    switch submission.channel {
    case .window: accepted = office.after(at, seconds: 300 + file.random.below(2_100))
    // A third is accepted by the system itself, at any hour.
    case .online where file.random.chance(350), .selfService where file.random.chance(350):
      accepted = at.later(seconds: file.random.early(below: 90))
    case .online, .selfService:
      accepted = office.after(at, seconds: 60 + file.random.early(below: office.daySeconds / 2))
    }
    let index = file.record(.accepted, at: accepted)
    if submission.channel == .window { file.addWindow(to: index) }
    return Round(accepted: accepted, promise: office.promise(at: accepted), now: accepted)
  }

  /// When an applicant answers: by the window in its hours, otherwise at any hour.
  private mutating func answer(_ asked: Instant, by channel: Channel, within days: Int) -> Instant {
    guard channel != .window else {
      return office.after(asked, seconds: 1_800 + file.random.early(below: days * office.daySeconds))
    }
    return asked.later(seconds: 1_800 + file.random.early(below: days * 86_400))
  }

  // MARK: What interrupts it

  /// Materials returned and received (补正); false where nobody answers and the story ends.
  private mutating func correct(_ round: inout Round, _ channel: Channel) -> Bool {
    var rounds = file.random.chance(scenario.corrections) ? 1 : 0
    if rounds == 1, file.random.chance(scenario.secondCorrections) { rounds = 2 }
    for _ in 0..<rounds {
      guard let asked = office.early(after: round.now, before: due(round, \.licence), &file.random) else { break }
      file.record(.correctionRequested, at: asked)
      if file.random.chance(scenario.unansweredCorrections) {
        giveUp(asked)
        return false
      }
      let received = answer(asked, by: channel, within: 8)
      file.record(.correctionReceived, at: received)
      round.pauses.append(PauseSpan(from: asked, to: received))
      round.now = received
    }
    return true
  }

  /// What becomes of materials that are never brought: withdrawn, rejected, or open to this day.
  private mutating func giveUp(_ asked: Instant) {
    let end = office.after(asked, seconds: file.random.within(8...40) * office.daySeconds)
    switch file.random.below(3) {
    case 0: file.record(.withdrawn, at: end)
    case 1: file.record(.rejected, at: end)
    default: break
    }
  }

  /// Special procedures (特别程序); false where one has no end.
  private mutating func suspend(_ round: inout Round) -> Bool {
    guard file.random.chance(scenario.specialProcedures) else { return true }
    let kinds: [(name: String, days: ClosedRange<Int>)] = [
      ("hearing", 3...10), ("inspection", 1...5), ("expert_review", 4...15),
    ]
    let kind = kinds[file.random.weighted([2, 5, 3])]
    var begin = office.early(after: round.now, before: due(round, \.licence), &file.random)
    if let correction = round.pauses.last, let to = correction.to, file.random.chance(250) {
      // Begun while the applicant still gathers papers: pauses may overlap.
      begin = office.between(correction.from, to, &file.random) ?? begin
    }
    guard let begin else { return true }
    file.record(.suspended, at: begin, step: kind.name)
    guard !file.random.chance(15) else { return false }
    let end = office.after(
      begin,
      seconds: file.random.within(kind.days) * office.daySeconds - file.random.below(office.daySeconds / 2))
    file.record(.resumed, at: end, step: kind.name)
    round.pauses.append(PauseSpan(from: begin, to: end))
    round.now = max(round.now, end)
    return true
  }

  private mutating func extend(_ round: inout Round) {
    guard file.random.chance(scenario.extensions),
      let at = office.early(after: round.now, before: due(round, \.licence), &file.random)
    else { return }
    let days = file.random.within(1...3)
    file.extend(by: days, at: at)
    round.extendedDays += days
    round.now = at
  }

  // MARK: Ends before the licence

  private mutating func withdraw(_ round: inout Round) -> Submission? {
    let end = office.early(after: round.now, before: due(round, \.opening), &file.random)
    file.record(.withdrawn, at: end ?? round.now.later(seconds: 3_600))
    return reapply(after: end ?? round.now.later(seconds: 3_600), share: scenario.reapplications / 3)
  }

  private mutating func reject(_ round: inout Round) -> Submission? {
    let due = due(round, \.opening)
    let end: Instant
    if file.random.chance(scenario.overruns) {
      end = office.overrun(due, &file.random)
    } else {
      end = office.early(after: round.now, before: self.due(round, \.licence), &file.random) ?? due
    }
    file.record(.rejected, at: end)
    return reapply(after: end, share: scenario.reapplications)
  }

  private mutating func reapply(after end: Instant, share: Int) -> Submission? {
    guard file.random.chance(share) else { return nil }
    let at = end.later(seconds: 3_600 + file.random.early(below: 12 * 86_400))
    if office.isOpen(at: at), file.random.chance(400) { return Submission(at: at, channel: .window) }
    return Submission(at: at, channel: .online)
  }

  /// The promised end of a round as it stands.
  func due(_ round: Round, _ version: KeyPath<PromisedVersions, CommitmentVersion>) -> Instant {
    Reckoner(
      version: round.promise[keyPath: version], calendar: office.calendar, start: round.accepted,
      pauses: round.pauses, extendedDays: round.extendedDays
    ).due?.at ?? round.now
  }
}
