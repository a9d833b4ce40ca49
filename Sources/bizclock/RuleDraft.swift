import ArgumentParser
import Daemon
import Ledger
import LibPQ
import ServiceTime
import Settings

/// A file that may become a rule in force.
struct RuleDraft {
  let kind: RuleDocument.Kind
  let documents: PolicyDocuments
  let draft: PolicyDraft

  static let aboutDiff = """
    Every clock, verdict and alert that would be another, by commitment; nothing is written, and events go on being \
    taken in. The last line is a token: apply --expect TOKEN applies what was shown, or nothing. Exit status 1 if \
    something would move, 0 if nothing.
    """

  static let aboutApply = """
    One transaction: all of it or nothing. Every version is kept, with who, when and why. Where verdicts of finished \
    clocks would become others nothing is applied without --restate.
    """

  /// Who applies a draft, why, and what they agree to.
  struct Application: ParsableArguments {
    @Option(help: "Why, for those who come later.") var reason: String
    @Option(help: "Who; the login name if left out.") var by: String?
    @Flag(help: "Let verdicts of finished clocks become others; the former ones stay in the history.")
    var restate = false
    @Option(
      help: """
        The token that diff printed: what moves must be what it showed, or nothing is applied (status 75). Its part \
        before the dash stands for finished clocks alone, while open ones come and go.
        """)
    var expect: String?

    func validate() throws {
      try Operator.check(by: by, reason: reason)
      if let expect { try Operator.check(token: expect) }
    }

    var consent: Rules.Consent {
      get throws {
        Rules.Consent(by: try Operator.name(by), reason: reason, restate: restate, token: expect)
      }
    }
  }

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

  /// The change from what is in force to this draft; nil where that says the same already: every case would be judged
  /// again, for nothing.
  private static func change(
    _ kind: RuleDocument.Kind, _ draft: RuleDocument, _ calendars: [CalendarDefinition],
    _ retrospectiveAfter: Int64,
    _ session: inout Session
  ) throws -> Rules.Change? {
    guard let (inForce, former) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
    let document = kind == .calendar ? try draft.keepingClosures(of: inForce.calendar, calendars: calendars) : draft
    guard !document.isSame(as: kind == .policy ? inForce.policy : inForce.calendar) else { return nil }
    let rulebook = try RuleLoader.compile(
      policy: kind == .policy ? document : inForce.policy,
      calendar: kind == .calendar ? document : inForce.calendar)
    return Rules.Change(
      [(kind, document)], rulebook: rulebook, over: inForce, former: former, retrospectiveAfter: retrospectiveAfter)
  }

  private func change(
    _ installation: Installation, on connection: Connection
  ) async throws -> Rules.Change? {
    let (kind, draft, calendars) = (kind, RuleDocument(documents), self.draft.calendars)
    let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
    return try await connection.run { try RuleDraft.change(kind, draft, calendars, retrospectiveAfter, &$0) }
  }

  func diff(_ globals: GlobalOptions, _ form: MovesForm) async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let now = SystemClock().now()
    let preview: Rules.Preview? = try await installation.database.administer { connection, readers in
      guard let change = try await change(installation, on: connection) else { return nil }
      // Cases that are listed come in the order of one reader.
      guard form.cases else { return try await Rules.preview(change, now: now, on: connection, reading: readers) }
      return try await connection.run { session in
        try Rules.preview(change, now: now, on: &session) { form.show($0, change.rulebook) }
      }
    }
    guard let preview else { return form.showNothing() }
    form.show(preview)
    if !preview.moves.isEmpty { throw ExitCode(1) }
  }

  func apply(_ globals: GlobalOptions, _ application: Application) async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let consent = try application.consent
    let applied: Rules.Applied? = try await installation.database.administer { connection, readers in
      guard let change = try await change(installation, on: connection) else { return nil }
      return try await Rules.apply(change, consent, now: SystemClock().now, on: connection, reading: readers)
    }
    guard let applied else { return _ = Terminal.print("already in force: nothing was changed") }
    try applied.report()
  }
}
