import ArgumentParser
import Daemon
import Feeds
import Glibc
import ServiceTime
import Settings

/// Feeds: looked into before they are relied on.
struct FeedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "feed", abstract: "See how a feed of the configuration reads a file.", subcommands: [Check.self])

  /// A dry run.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read a file or an exchange database as a feed would; nothing is taken in.",
      discussion: """
        Says which encoding and delimiter were found, how the first rows are understood, what would go to quarantine \
        and why, which columns and values the feed does not map, which of its columns the file lacks, and a mapping to \
        be pasted where the columns have the usual names. No database of bizclock's is needed. A feed of kind http \
        is tried with a file of what is to be posted. For a feed of kind \
        exchange name no file: the first rows of its tables are read, its schema and rights are checked. Exit status \
        65 if rows would be quarantined, 66 if there is no such file, 69 if an exchange database cannot be read, 78 if the configuration is wrong.
        """)

    @OptionGroup var globals: GlobalOptions
    @Argument(help: "The feed.") var name: String
    @Argument(help: "The file, or - for standard input; none for an exchange database.") var file: String?
    @Option(help: "Show at most so many rows as they are understood.") var rows = 10
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard rows >= 0, rows <= 10_000 else { throw ValidationError("--rows is a number from 0 to 10000.") }
    }

    func run() async throws {
      let configuration = try globals.configuration(for: .feed(name))
      guard let settings = configuration.feeds.first(where: { $0.name == name }) else {
        let known = configuration.feeds.map(\.name).joined(separator: ", ")
        throw ValidationError("The configuration has no feed \(name)\(known.isEmpty ? "." : "; it has \(known).")")
      }
      guard (file == nil) == (settings.kind == .exchange) else {
        throw ValidationError(
          file == nil
            ? "Name the file that the feed \(name) is to read."
            : "The feed \(name) reads no files: it is of kind \(settings.kind.rawValue).")
      }
      let draft = try PolicyDraft.parse(try Installation.draft(configuration))
      let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
      let feed = try FeedDescription(settings, processes: rulebook.policy.processes)
      let survey: FeedSurvey
      if let file {
        survey = try read(file, feed)
      } else {
        survey = try await ExchangeCheck.survey(
          settings, feed, calendar: rulebook.mainCalendar, rows: rows, now: SystemClock().now())
      }
      let report = SurveyReport(
        survey: survey, feed: feed, file: file ?? settings.database?.description ?? "",
        configuration: configuration.file,
        zone: feed.timeZone ?? rulebook.officeZone)
      Terminal.print(json ? report.json.description : report.text)
      if survey.refused > 0 { throw ExitCode(65) }
    }

    private func read(_ file: String, _ feed: FeedDescription) throws -> FeedSurvey {
      let descriptor = try open(file)
      defer { if descriptor != STDIN_FILENO { close(descriptor) } }
      var surveyor = FeedSurveyor(feed: feed, rows: rows)
      do {
        return try surveyor.read(descriptor: descriptor, now: SystemClock().now())
      } catch {
        errno = error.errorNumber
        throw CommandFailure.io("\(file) cannot be read")
      }
    }

    private func open(_ file: String) throws -> Int32 {
      if file == "-" { return STDIN_FILENO }
      let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        if errno == ENOENT || errno == ENOTDIR { throw CommandFailure.missing("There is no file \(file).") }
        throw CommandFailure.io("\(file) cannot be opened")
      }
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        close(descriptor)
        throw CommandFailure.missing("\(file) is a directory; name a file in it.")
      }
      return descriptor
    }
  }
}
