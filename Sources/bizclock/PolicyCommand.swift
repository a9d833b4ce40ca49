import ArgumentParser

/// The policy: checked, looked at and put in force.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check a policy draft, see what it would move, or put it in force.",
    subcommands: [Check.self, Diff.self, Apply.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Validate a policy file: all faults, with line numbers; exit status 78 if there are any.")
    @Argument(help: "The policy file.") var file: String

    func run() async throws { try RuleDraft(.policy, file: file).report() }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what a policy file would move if it were applied now.", discussion: RuleDraft.aboutDiff)
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "The policy file.") var file: String
    @OptionGroup var form: MovesForm

    func run() async throws { try await RuleDraft(.policy, file: file).diff(globals, form) }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the promises and calendars of a policy file in force, and judge every case by them.",
      discussion: RuleDraft.aboutApply)
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "The policy file.") var file: String
    @OptionGroup var application: RuleDraft.Application

    func run() async throws { try await RuleDraft(.policy, file: file).apply(globals, application) }
  }
}

/// The calendar: checked, looked at and put in force.
struct CalendarCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calendar",
    abstract: "Check a calendar draft, see what it would move, or put it in force; declare local closures.",
    subcommands: [Check.self, Diff.self, Apply.self, ClosureCommand.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Validate the calendars of a file: all faults, with line numbers; exit status 78 if there are any.")
    @Argument(help: "A file with calendars; a policy file has them too.") var file: String

    func run() async throws { try RuleDraft(.calendar, file: file).report() }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what the calendars of a file would move if they alone were applied now.",
      discussion: RuleDraft.aboutDiff)
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "A file with calendars; a policy file has them too.") var file: String
    @OptionGroup var form: MovesForm

    func run() async throws { try await RuleDraft(.calendar, file: file).diff(globals, form) }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the calendars of a file in force, leaving its promises, and reckon every case by them.",
      discussion: RuleDraft.aboutApply)
    @OptionGroup var globals: GlobalOptions
    @Argument(help: "A file with calendars; a policy file has them too.") var file: String
    @OptionGroup var application: RuleDraft.Application

    func run() async throws { try await RuleDraft(.calendar, file: file).apply(globals, application) }
  }
}
