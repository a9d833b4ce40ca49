import ArgumentParser
import Daemon
import Glibc
import ServiceTime
import Settings

/// Reckons due times without a database.
struct DueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "due",
    abstract: "Reckon a due time: every counted and skipped day with the reason, and the levels.",
    discussion: """
      Needs no database. The policy is that of the configuration; the shipped one where there is no configuration \
      file, or where nobody named one and the machine's cannot be read, which is said then. A wrong one is an error \
      (78). Times are RFC 3339, e.g. 2026-09-18T10:00:00+08:00; without an offset, in the \
      calendar's zone. With --batch, reads NDJSON lines \
      {"commitment","start","pauses":[[from,to|null]],"region","extend_days"} and writes one answer a line; what a \
      line leaves out is as the options say. For a question at fault the answer is {"error"}, and the exit status 65.
      """)

  @OptionGroup var globals: GlobalOptions
  @Option(help: "The commitment's id.") var commitment: String?
  @Option(help: "When the clock starts.") var start: String?
  @Option(name: .customLong("pause"), help: "A pause FROM/TO; without TO it has no end. May be repeated.")
  var pauses: [String] = []
  @Option(help: "Counted days added by extensions.") var extend: Int = 0
  @Option(help: "The region code, where a layer of the calendar applies by region.") var region: String?
  @Option(help: "The policy file; the one of the configuration, or the shipped one, if left out.") var policy:
    String?
  @Flag(help: "Read questions from standard input, one a line, and answer line by line.") var batch = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard batch || (commitment != nil && start != nil) else {
      throw ValidationError("Give --commitment and --start, or --batch.")
    }
    guard (0...DueTerms.mostExtended).contains(extend) else {
      throw ValidationError("--extend is a number of days from 0 to \(DueTerms.mostExtended).")
    }
    if let region { try RegionOption.check(region) }
  }

  func run() async throws {
    let rulebook = try Drafts.rulebook(policy: policy, globals)
    let terms = DueTerms(
      commitment: commitment, start: start, pauses: DueTerms.pauses(pauses), extended: extend, region: region)
    guard batch else {
      let answer = try DueQuestion(terms, rulebook).answer()
      Terminal.print(json ? answer.json.description : answer.text)
      return
    }
    var line = 0
    var failed = false
    while let text = readLine() {
      line += 1
      if text.allSatisfy(\.isWhitespace) { continue }
      do {
        let question = try DueQuestion(try terms.overlaid(byJSON: text), rulebook)
        guard Terminal.print(question.answer().json.description) else { return }
      } catch {
        failed = true
        Terminal.note(Terminal.safe("line \(line): \(error)"))
        // An answer to each question, so that the lines of both correspond.
        guard Terminal.print(JSONText.object([("error", .text("\(error)"))]).description) else { return }
      }
    }
    if failed { throw ExitCode(65) }
  }
}

/// A question to the reckoner.
struct DueQuestion {
  let commitment: Commitment
  let reckoner: Reckoner
  private let pauses: [ClockPause]
  private let rulebook: Rulebook

  init(_ terms: DueTerms, _ rulebook: Rulebook) throws {
    guard let id = terms.commitment else { throw ValidationError("commitment: a text is needed") }
    guard let start = terms.start else { throw ValidationError("start: a text is needed") }
    guard let commitment = rulebook.policy.commitments.first(where: { $0.id == id }) else {
      let known = rulebook.policy.commitments.map(\.id).joined(separator: ", ")
      throw ValidationError("There is no commitment \(id); the policy has \(known).")
    }
    guard let calendar = rulebook.calendar(commitment.calendar, region: terms.region) else {
      throw ValidationError("The calendar \(commitment.calendar) is missing.")
    }
    func instant(_ text: String) throws -> Instant { try TimeText.instant(text, in: calendar.zone) }
    let at = try instant(start)
    guard let version = commitment.version(on: calendar.date(of: at)) else {
      throw ValidationError("No version of \(id) was in force on \(calendar.date(of: at)).")
    }
    self.commitment = commitment
    self.rulebook = rulebook
    pauses = try terms.pauses.map { first, last in
      let (from, to) = (try instant(first), try last.map(instant))
      if let to, to < from { throw ValidationError("The pause \(first)/\(last ?? "") ends before it begins.") }
      return ClockPause(kind: "", from: from, to: to)
    }
    reckoner = Reckoner(
      version: version, calendar: calendar, start: at,
      pauses: pauses.map { PauseSpan(from: $0.from, to: $0.to) }, extendedDays: terms.extended)
  }

  func answer() -> DueAnswer {
    DueAnswer(
      commitment: commitment, reckoner: reckoner, pauses: pauses, rulebook: rulebook,
      levels: reckoner.due == nil
        ? [] : commitment.levels.map { ($0.name, reckoner.instant(of: $0.position)) })
  }
}

/// A reckoned due time.
struct DueAnswer {
  let commitment: Commitment
  let reckoner: Reckoner
  let pauses: [ClockPause]
  let rulebook: Rulebook
  let levels: [(name: String, at: Reckoner.LevelInstant?)]

  private var zone: TimeZoneTable { reckoner.calendar.zone }

  var json: JSONText {
    .object([
      ("due_at", JSONText(reckoner.due?.at.rfc3339(in: zone))),
      ("provisional", .bool(reckoner.due?.provisional ?? false)),
      ("counted", .array((reckoner.countedDates() ?? []).map { .text($0.description) })),
      (
        "levels",
        .array(levels.map { .object([("name", .text($0.name)), ("at", JSONText($0.at?.at.rfc3339(in: zone)))]) })
      ),
    ])
  }

  /// Why there is no due time.
  private var unknown: String {
    if pauses.contains(where: { $0.to == nil && $0.from >= reckoner.start }) {
      return "unknown while a pause without end lasts"
    }
    if reckoner.version.closures == .pause, reckoner.calendar.openClosureFrom != nil {
      return "unknown while a closure without end lasts"
    }
    return "unknown: it lies beyond the calendar's table, which ends with 2110"
  }

  var text: String {
    let title = commitment.title["en"].map { " (\($0))" } ?? ""
    var lines = [
      "\(commitment.id)\(title): \(reckoner.version.limit), version from \(reckoner.version.from)",
      "start  \(reckoner.start.rfc3339(in: zone))",
    ]
    if let due = reckoner.due {
      lines.append(
        "due    \(due.at.rfc3339(in: zone))"
          + (due.provisional ? "  provisional: the calendar is not published that far" : ""))
    } else {
      lines.append("due    \(unknown)")
    }
    lines.append("")
    let last = reckoner.due?.day ?? reckoner.calendar.date(of: reckoner.start) + 14
    let days = ExplainedDay.all(reckoner, pauses: pauses, rulebook, through: last)
    let words = ExplanationWords(.en, zone: zone)
    lines.append(DayTable.text(days, words))
    if let end = days.last?.day.date, end < last { lines.append(words.cutShort) }
    if !levels.isEmpty {
      lines.append("")
      var table = TextTable(["level", "at"])
      for level in levels {
        table.add([
          level.name,
          level.at.map { $0.at.rfc3339(in: zone) + ($0.provisional ? "  provisional" : "") } ?? "unknown",
        ])
      }
      lines.append(table.text)
    }
    return lines.joined(separator: "\n")
  }
}

/// Days with the reason why they count or not.
enum DayTable {
  static func text(_ days: [ExplainedDay], _ words: ExplanationWords) -> String {
    var table = TextTable(["date", "day", "counts", "why"], right: [2])
    for day in days {
      table.add([
        day.day.date.description, words.weekday(day.day.date), day.day.number.map(String.init) ?? "–",
        words.reason(day),
      ])
    }
    return table.text
  }
}
