import ServiceTime
import Settings

/// Rules that are changed step by step: days, closures, versions, levels, tags and shares, at random.
struct EditedRules {
  private var policy: Policy
  private var calendars: [CalendarDefinition]
  private(set) var rulebook: Rulebook

  init() throws {
    let draft = try ShippedRules.draft()
    policy = draft.policy
    calendars = draft.calendars
    calendars.append(CalendarDefinition(id: "town", base: "cn", regions: ["469005101"]))
    rulebook = try ShippedRules.compile(policy, calendars)
  }

  /// What kind of rules an edit changed, and in what words.
  struct Edit {
    var isPolicy: Bool
    var words: String
  }

  /// Makes one edit on or around a date.
  mutating func edit(around date: CivilDate, _ random: inout SeededGenerator) throws -> Edit {
    let edit = Int.random(in: 0..<10, using: &random) < 6 ? editCalendar(date, &random) : editPolicy(date, &random)
    rulebook = try ShippedRules.compile(policy, calendars)
    return edit
  }

  private mutating func editCalendar(_ date: CivilDate, _ random: inout SeededGenerator) -> Edit {
    let at = Int.random(in: 0..<calendars.count, using: &random)
    let id = calendars[at].id
    let from = local("\(date) \(random.next() % 2 == 0 ? "08:00" : "14:00")")
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1:
      calendars[at].days.removeAll { $0.date == date }
      let kind: DayOverride.Kind = random.next() % 2 == 0 ? .holiday : .makeupWorkday
      calendars[at].days.append(DayOverride(date: date, kind: kind, name: "x"))
      return Edit(isPolicy: false, words: "\(id): \(date) is a \(kind)")
    case 2:
      calendars[0].publishedUntil = date
      return Edit(isPolicy: false, words: "published until \(date)")
    case 3 where !calendars[at].closures.isEmpty:
      let gone = calendars[at].closures.remove(at: 0)
      return Edit(isPolicy: false, words: "\(id): the closure from \(gone.from) never was")
    case 4:
      calendars[at].closures.append(Closure(from: from, to: nil, name: "open"))
      return Edit(isPolicy: false, words: "\(id): closed from \(from) on")
    default:
      let hours = Int64.random(in: 1...60, using: &random)
      calendars[at].closures.removeAll { $0.to == nil }
      calendars[at].closures.append(Closure(from: from, to: from + hours * 3_600_000_000, name: "closed"))
      return Edit(isPolicy: false, words: "\(id): closed from \(from) for \(hours) h")
    }
  }

  private mutating func editPolicy(_ date: CivilDate, _ random: inout SeededGenerator) -> Edit {
    switch Int.random(in: 0..<7, using: &random) {
    case 0, 1:
      let at = random.next() % 2 == 0 ? 0 : policy.commitments.count - 1
      policy.commitments[at].versions.removeAll { $0.from == date }
      let limit = Int.random(in: 1...6, using: &random)
      policy.commitments[at].versions.append(
        CommitmentVersion(from: date, limit: .workingDays(limit), closures: limit % 2 == 0 ? .pause : .count))
      policy.commitments[at].versions.sort { $0.from < $1.from }
      return Edit(isPolicy: true, words: "\(policy.commitments[at].id): \(limit) days from \(date)")
    case 2:
      let at = Int.random(in: 0..<policy.commitments.count, using: &random)
      guard policy.commitments[at].versions.count > 1 else { fallthrough }
      let gone = policy.commitments[at].versions.removeLast()
      return Edit(isPolicy: true, words: "\(policy.commitments[at].id): without the version from \(gone.from)")
    case 3:
      let share = Int64.random(in: 3...9, using: &random) * 1_000
      policy.commitments[0].levels.removeAll { $0.name == "orange" }
      policy.commitments[0].levels.append(Level(name: "orange", position: .share(share), priority: .notice))
      return Edit(isPolicy: true, words: "orange at \(share)")
    case 4:
      policy.reportTags = policy.reportTags.isEmpty ? ["assisted"] : []
      return Edit(isPolicy: true, words: "report tags \(policy.reportTags)")
    case 5:
      let target = Int64.random(in: 80...99, using: &random) * 10_000
      policy.shares[0].target = ShareTarget(millionths: target)
      policy.shares[0].counted = CaseScope(channels: random.next() % 2 == 0 ? ["online"] : ["online", "window"])
      return Edit(isPolicy: true, words: "share of \(target)")
    default:
      if policy.commitments.last?.id == "extra" {
        policy.commitments.removeLast()
        return Edit(isPolicy: true, words: "no extra promise")
      }
      var extra = policy.commitments[0]
      extra.id = "extra"
      extra.versions = [CommitmentVersion(from: date, limit: .workingHours(10 * 3_600_000_000))]
      extra.levels = [Level(name: "red", position: .due)]
      policy.commitments.append(extra)
      return Edit(isPolicy: true, words: "an extra promise from \(date)")
    }
  }
}

/// Events that come late, are corrected or taken back, at random.
struct EditedEvents {
  private var events: [Event]
  private var number = 0

  init(_ events: [Event]) { self.events = events }

  /// The next edit: one or two events.
  mutating func edit(_ random: inout SeededGenerator) -> [Event] {
    number += 1
    let chosen = events[Int.random(in: 0..<events.count, using: &random)]
    var new = chosen
    new.eventID = Identifier("edit \(number)")
    new.occurredAt = chosen.occurredAt + Int64.random(in: -72...72, using: &random) * 3_600_000_000
    var edit: [Event] = []
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      edit = [void(chosen)]
    case 1:
      // Corrected: taken back, and told anew.
      edit = [void(chosen), new]
    default:
      let types: [EventType] = [
        "correction_requested", "correction_received", "suspended", "resumed", "extended", "completed", "reopened",
        "rejected", "withdrawn", "accepted", "step_completed",
      ]
      new.type = types[Int.random(in: 0..<types.count, using: &random)]
      new.voids = nil
      if new.type == "extended" { new.extendDays = 2 }
      if new.type == "step_completed" { new.step = "tax" }
      if random.next() % 4 == 0 { new.region = random.next() % 2 == 0 ? "469005101" : "469005102" }
      if random.next() % 4 == 0 { new.tags = ["assisted"] }
      edit = [new]
    }
    events += edit
    return edit
  }

  private func void(_ event: Event) -> Event {
    var void = Event(
      caseID: event.caseID, source: event.source, eventID: Identifier("void \(number)"), type: .voided,
      occurredAt: event.occurredAt + 3_600_000_000)
    void.voids = event.eventID
    return void
  }
}
