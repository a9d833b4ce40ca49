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
    What the draft says otherwise than the rules in force, and every clock, verdict and alert that would be another, by \
    commitment; nothing is written, and events go on being taken in. The last line is a token: apply --expect TOKEN \
    applies what was shown, or nothing. Exit status 1 if something would move, 0 if nothing.
    """

  static let aboutApply = """
    One transaction: all of it or nothing. Every version is kept, with who, when and why. Declared closures stay in \
    force. Where verdicts of finished clocks would become others nothing is applied without --restate.
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

  /// The change from what is in force to the draft, and what it says otherwise; nil where it says the same already:
  /// every case would be judged again, for nothing. A document that says the same stays in force as it was applied.
  private func change(
    retrospectiveAfter: Int64, _ session: inout Session
  ) throws -> (Rules.Change, [DraftChange])? {
    guard let (inForce, former) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
    let changes = try inForce.changes(by: draft).filter { kind == .policy || $0.kind == .calendar }
    guard !changes.isEmpty else { return nil }
    let kinds = Set(changes.map(\.kind))
    let document = RuleDocument(documents)
    let policy = kinds.contains(.policy) ? document : inForce.policy
    let calendar =
      kinds.contains(.calendar)
      ? try document.keepingClosures(of: inForce.calendar, calendars: draft.calendars) : inForce.calendar
    let change = Rules.Change(
      [(.policy, policy), (.calendar, calendar)].filter { kinds.contains($0.0) },
      rulebook: try RuleLoader.compile(policy: policy, calendar: calendar), over: inForce, former: former,
      retrospectiveAfter: retrospectiveAfter)
    return (change, changes)
  }

  private func change(
    _ installation: Installation, on connection: Connection
  ) async throws -> (Rules.Change, [DraftChange])? {
    let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
    return try await connection.run { try change(retrospectiveAfter: retrospectiveAfter, &$0) }
  }

  func diff(_ globals: GlobalOptions, _ form: MovesForm) async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let now = SystemClock().now()
    let found: (Rules.Preview, [DraftChange])? = try await installation.database.administer { connection, readers in
      guard let (change, changes) = try await change(installation, on: connection) else { return nil }
      form.show(changes)
      // Cases that are listed come in the order of one reader.
      guard form.cases else {
        return (try await Rules.preview(change, now: now, on: connection, reading: readers), changes)
      }
      let preview = try await connection.run { session in
        try Rules.preview(change, now: now, on: &session) { form.show($0, change.rulebook) }
      }
      return (preview, changes)
    }
    guard let (preview, changes) = found else { return form.showNothing() }
    form.show(preview, changes)
    if !preview.moves.isEmpty { throw ExitCode(1) }
  }

  func apply(_ globals: GlobalOptions, _ application: Application) async throws {
    let installation = try await globals.open()
    try await installation.checkSchema()
    let consent = try application.consent
    let applied: Rules.Applied? = try await installation.database.administer { connection, readers in
      guard let (change, changes) = try await change(installation, on: connection) else { return nil }
      Terminal.print("the draft changes \(changes.words)")
      return try await Rules.apply(change, consent, now: SystemClock().now, on: connection, reading: readers)
    }
    guard let applied else { return _ = Terminal.print("already in force: nothing was changed") }
    try applied.report()
  }
}
