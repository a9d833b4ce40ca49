import ArgumentParser
import Daemon
import Ledger
import LibPQ
import ServiceTime

/// Local closures: declared, ended, taken back, listed.
struct ClosureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closure", abstract: "Declare a local closure (typhoon) of a calendar in force, or end it.",
    discussion: """
      Each declaration is a new version of the calendar, in force at once, kept with who, when and why; it reckons \
      the cases that it touches again. Where verdicts of finished clocks would become others, as by a closure told \
      afterwards, nothing is declared without --restate; --dry-run shows what would move. A draft that is \
      applied later keeps declared closures. Times are RFC 3339, e.g. \
      2026-09-18T10:00:00+08:00; without an offset, in the calendar's zone.
      """,
    subcommands: [Begin.self, End.self, Remove.self, List.self])

  struct Begin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Declare a closure, open-ended without --to.")
    @OptionGroup var globals: GlobalOptions
    @OptionGroup var declaration: Declaration
    @Option(help: "The name that people know it by, e.g. 台风停工.") var name: String
    @Option(help: "When it begins; now if left out.") var from: String?
    @Option(help: "When it ends, if that is known.") var to: String?

    func run() async throws {
      try await declaration.declare(globals) { desk, calendar, now in
        let zone = try desk.zone(calendar: calendar)
        let closure = Closure(
          from: try from.map { try TimeText.instant($0, in: zone) } ?? now,
          to: try to.map { try TimeText.instant($0, in: zone) }, name: name)
        let document = try desk.begin(calendar: calendar, name: name, from: closure.from, to: closure.to)
        return (document, closure, "is in force")
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell when a closure under way ends.")
    @OptionGroup var globals: GlobalOptions
    @OptionGroup var declaration: Declaration
    @Option(help: "When it ends; now if left out.") var at: String?
    @Option(help: "The closure's name, to choose one.") var name: String?

    func run() async throws {
      try await declaration.declare(globals) { desk, calendar, now in
        let zone = try desk.zone(calendar: calendar)
        let (document, closure) = try desk.end(
          calendar: calendar, name: name, at: try at.map { try TimeText.instant($0, in: zone) } ?? now)
        return (document, closure, "has its end")
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take back a closure that was declared by mistake.")
    @OptionGroup var globals: GlobalOptions
    @OptionGroup var declaration: Declaration
    @Option(help: "The closure's name.") var name: String?
    @Option(help: "When it begins.") var from: String?

    func validate() throws {
      if name == nil, from == nil { throw ValidationError("Give --name or --from.") }
    }

    func run() async throws {
      try await declaration.declare(globals) { desk, calendar, now in
        let zone = try desk.zone(calendar: calendar)
        let (document, closure) = try desk.remove(
          calendar: calendar, name: name, from: try from.map { try TimeText.instant($0, in: zone) })
        return (document, closure, "never was")
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the closures of the calendars in force.")
    @OptionGroup var globals: GlobalOptions
    @Option(help: "The calendar; all if left out.") var calendar: String?
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let calendar = calendar
      let (desk, entries) = try await globals.withDatabase { database in
        let connection = try await database.connect(.ask)
        let found = try await connection.run { session -> (ClosureDesk, [ClosureDesk.Entry]) in
          let desk = try ClosureDesk(&session)
          return (desk, try desk.entries(calendar: calendar))
        }
        await connection.close()
        return found
      }
      var table = TextTable(["calendar", "closure", "from", "to", ""])
      var items: [JSONText] = []
      for entry in entries {
        let zone = try desk.zone(calendar: entry.calendar)
        let (from, to) = (entry.closure.from.rfc3339(in: zone), entry.closure.to?.rfc3339(in: zone))
        table.add([
          entry.calendar, Terminal.safe(entry.closure.name), from, to ?? "–",
          entry.isDeclared ? "declared" : "written",
        ])
        items.append(
          .object([
            ("calendar", .text(entry.calendar)), ("name", .text(entry.closure.name)), ("from", .text(from)),
            ("to", JSONText(to)), ("declared", .bool(entry.isDeclared)),
          ]))
      }
      if json {
        Terminal.print(JSONText.array(items).description)
      } else {
        Terminal.print(entries.isEmpty ? "no closures" : table.text)
      }
    }
  }

  /// What every declaration says.
  struct Declaration: ParsableArguments {
    @Option(help: "The calendar's id.") var calendar: String
    @Option(help: "Why, for those who come later.") var reason: String
    @Option(help: "Who; the login name if left out.") var by: String?
    @Flag(help: "Let verdicts of finished clocks become others; the former ones stay in the history.")
    var restate = false
    @Flag(help: "Only show what would move; exit status 1 if something would.") var dryRun = false

    func validate() throws { try Operator.check(by: by, reason: reason) }

    /// Makes a declaration in one transaction, and says what it moved.
    func declare(
      _ globals: GlobalOptions,
      _ make: @escaping @Sendable (ClosureDesk, String, Instant) throws -> (RuleDocument, Closure, String)
    ) async throws {
      let installation = try await globals.open()
      try await installation.checkSchema()
      let now = SystemClock().now()
      let (calendar, consent) = (
        calendar, Rules.Consent(by: try Operator.name(by), reason: reason, restate: restate)
      )
      let retrospectiveAfter = installation.configuration.alerts.retrospectiveAfter
      let (words, applied) = try await installation.database.administer { connection, readers in
        let (words, change) = try await connection.run { session -> (String, Rules.Change) in
          let desk = try ClosureDesk(&session)
          let (document, closure, what) = try make(desk, calendar, now)
          let words = ClosureDesk.words(closure, try desk.zone(calendar: calendar))
          return (
            "\(words) of \(calendar) \(what)", try desk.change(document, retrospectiveAfter: retrospectiveAfter)
          )
        }
        if dryRun {
          let moves = try await Rules.preview(change, now: now, on: connection, reading: readers).moves
          Terminal.print(moves.isEmpty ? "nothing would move" : "would move:\n\n\(moves.text)")
          throw ExitCode(moves.isEmpty ? 0 : 1)
        }
        let applied = try await Rules.apply(
          change, consent, now: SystemClock().now, on: connection, reading: readers)
        return (words, applied)
      }
      if applied.refusal == nil { Terminal.print(Terminal.safe(words)) }
      try applied.report()
    }
  }
}
