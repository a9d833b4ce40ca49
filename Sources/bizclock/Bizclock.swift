import ArgumentParser
import Daemon
import Dispatch
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import Web

/// The command line.
@main
struct Bizclock: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bizclock",
    abstract: "Keeps the service-time clocks of a government service office.",
    discussion: """
      Exit status: 0 done; 1 verify or --check found a difference; 64 usage; 65 some input was quarantined; \
      66 what was asked for is not there; 69 database unreachable; 70 the program is at fault; 74 reading or \
      writing failed; 75 others changed the rules meanwhile, begin again; 77 the database role lacks the right; \
      78 configuration wrong.
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, DemoCommand.self, IngestCommand.self, MigrateCommand.self, PolicyCommand.self,
      CalendarCommand.self, DueCommand.self, ExplainCommand.self, ReportCommand.self, AlertsCommand.self,
      QuarantineCommand.self, FeedCommand.self, StatusCommand.self, VerifyCommand.self, RebuildCommand.self,
      SimulateCommand.self, TokenCommand.self, ManualCommand.self,
    ])

  // Given before the command or after it: the commands take over what was read here.
  @OptionGroup var globals: GlobalOptions

  static func main() {
    // A reader that leaves (`| head`) is no reason to die in the middle of a line.
    signal(SIGPIPE, SIG_IGN)
    // The main task of a program has a high priority, which the sandbox of a service refuses to its threads, not
    // without a word in the journal each time. So there is none: all work has the ordinary one.
    Task.detached(priority: .medium) {
      await execute()
      Glibc.exit(0)
    }
    dispatchMain()
  }

  private static func execute() async {
    var command: any ParsableCommand
    do { command = try parseAsRoot() } catch { exit(withError: error) }
    do {
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      try Terminal.checkOutput()
    } catch let error as SettingsError {
      leave(error.description, 78)
    } catch let error as PostgresError {
      if let words = MissingRights.words(error) { leave("bizclock: \(words)", MissingRights.status) }
      leave("bizclock: \(error)", error.isRetryable ? 69 : Bizclock.status(error.kind))
    } catch let error as Schema.Fault {
      leave("bizclock: \(error)", 78)
    } catch let error as DatabaseFault {
      leave("bizclock: \(error)", 78)
    } catch let error as ExchangeTrouble {
      leave("bizclock: \(error)", 69)
    } catch let error as ClosureDesk.Refusal {
      leave("bizclock: \(error)", error.isMissing ? 66 : 64)
    } catch let error as Rulebook.Fault {
      leave("bizclock: \(error)", 78)
    } catch let error as CommandFailure {
      leave("bizclock: \(error)", error.status)
    } catch let error as ZoneFiles.Failure {
      leave("bizclock: \(error)", 78)
    } catch let error as ValidationError {
      // The command was spelt well: its usage would say nothing more.
      leave("bizclock: \(error.message)", 64)
    } catch let error as ExitCode {
      do { try Terminal.checkOutput() } catch { leave("bizclock: \(error)", 74) }
      exit(withError: error)
    } catch {
      // Help is an error to the parser too, and has the status 0.
      if exitCode(for: error) != .failure { exit(withError: error) }
      leave("bizclock: \(error)", 70)
    }
  }

  /// The exit status of an error that would come again.
  private static func status(_ kind: PostgresError.Kind) -> Int32 {
    switch kind {
    case .setup: 78
    case .overtaken: 75
    default: 70
    }
  }

  private static func leave(_ message: String, _ status: Int32) -> Never {
    let text = Terminal.safeLines(message)
    // In the journal it is an error, each line of it.
    let isJournal = LogDestination(journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) }) == .journal
    Terminal.note(isJournal ? text.split(separator: "\n").map { "<3>\($0)" }.joined(separator: "\n") : text)
    Glibc.exit(status)
  }
}
