import ArgumentParser
import Daemon
import Ledger
import ServiceTime
import Settings

/// The policy: checked and put in force.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check a policy draft, or put it in force.",
    subcommands: [Check.self, Apply.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Validate a policy file: all faults, with line numbers; exit status 78 if there are any.")
    @Argument(help: "The policy file.") var file: String

    func run() async throws { try RuleDraft(.policy, file: file).report() }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the promises of a policy file in force, and judge every case by them.",
      discussion: "One transaction: all of it or nothing. Every version is kept.")
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "The policy file.") var file: String
    @Option(help: "Why, for those who come later.") var reason: String
    @Option(help: "Who; the login name if left out.") var by: String?

    func validate() throws { try Operator.check(by: by, reason: reason) }

    func run() async throws { try await RuleDraft(.policy, file: file).apply(globals, by: by, reason: reason) }
  }
}

/// The calendar: checked and put in force.
struct CalendarCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calendar", abstract: "Check a calendar draft, or put it in force; declare local closures.",
    subcommands: [Check.self, Apply.self, ClosureCommand.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Validate the calendars of a file: all faults, with line numbers; exit status 78 if there are any.")
    @Argument(help: "A file with calendars; a policy file has them too.") var file: String

    func run() async throws { try RuleDraft(.calendar, file: file).report() }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the calendars of a file in force, and reckon every case by them.",
      discussion: "One transaction: all of it or nothing. Every version is kept. Declared closures stay in force.")
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "A file with calendars; a policy file has them too.") var file: String
    @Option(help: "Why, for those who come later.") var reason: String
    @Option(help: "Who; the login name if left out.") var by: String?

    func validate() throws { try Operator.check(by: by, reason: reason) }

    func run() async throws { try await RuleDraft(.calendar, file: file).apply(globals, by: by, reason: reason) }
  }
}

/// A file that may become a rule in force.
struct RuleDraft {
  let kind: RuleDocument.Kind
  let documents: PolicyDocuments
  let draft: PolicyDraft

  init(_ kind: RuleDocument.Kind, file: String) throws {
    self.kind = kind
    documents = try PolicyDocuments.read(file)
    draft = try PolicyDraft.parse(documents, scope: kind == .calendar ? .calendars : .whole)
    _ = try RuleLoader.compile(kind == .calendar ? Policy(commitments: []) : draft.policy, draft.calendars)
  }

  func report() {
    for remark in draft.remarks { Terminal.note("remark: \(remark)") }
    let calendars = draft.calendars.map { calendar in
      "\(calendar.id) (\(calendar.days.count) days"
        + (calendar.publishedUntil.map { ", published until \($0)" } ?? "") + ")"
    }
    Terminal.print("calendars: \(calendars.joined(separator: ", "))")
    if kind == .policy {
      Terminal.print("commitments: \(draft.policy.commitments.map(\.id).joined(separator: ", "))")
      if !draft.policy.shares.isEmpty {
        Terminal.print("shares: \(draft.policy.shares.map(\.id).joined(separator: ", "))")
      }
    }
    Terminal.print("no fault found")
  }

  func apply(_ globals: GlobalOptions, by name: String?, reason: String) async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let who = try Operator.name(name)
    let connection = try await installation.database.connect(.administer)
    let draft = RuleDocument(documents)
    let (kind, calendars) = (kind, self.draft.calendars)
    let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
    let now = SystemClock().now()
    let outcome = try await connection.run { session -> Refolder.Outcome? in
      guard let inForce = try Rules.inForce(&session) else { throw DatabaseFault.noSchema }
      let document =
        kind == .calendar ? try draft.keepingClosures(of: inForce.calendar, calendars: calendars) : draft
      // Another version that says the same would judge every case again, for nothing.
      guard !document.isSame(as: kind == .policy ? inForce.policy : inForce.calendar) else { return nil }
      let rulebook = try RuleLoader.compile(
        policy: kind == .policy ? document : inForce.policy,
        calendar: kind == .calendar ? document : inForce.calendar)
      return try Rules.apply(
        [(kind, document)], rulebook: rulebook, over: inForce, by: who, reason: reason,
        retrospectiveAfter: retrospectiveAfter, now: now, on: &session)
    }
    await connection.close()
    Terminal.print(outcome?.words ?? "already in force: nothing was changed")
  }
}
