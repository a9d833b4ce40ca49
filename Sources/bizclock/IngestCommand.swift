import ArgumentParser
import Daemon
import Feeds
import Glibc
import Journal
import Ledger
import ServiceTime
import Synchronization

/// Loads files now.
struct IngestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Load files, or standard input (-), and return when they are projected.",
    discussion: """
      Without --feed the input is native NDJSON. What cannot be taken in goes to quarantine; then the exit status \
      is 65. Loading the same again through the same feed does no harm.
      """)

  @OptionGroup var globals: GlobalOptions
  @Option(help: "The feed whose format, mapping and source apply.") var feed: String?
  @Flag(help: "All of it is history: nobody is paged.") var retrospective = false
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "Files, or - for standard input.") var files: [String]

  func run() async throws {
    let installation = try await globals.open()
    if installation.cluster != nil { _ = try await installation.migrate(now: SystemClock().now()) }
    try await installation.checkSchema()
    let rulebook = try await installation.rulebook()
    let description = try description(installation, rulebook)
    let inputs = try files.map(IngestCommand.input)
    let loading = Loading(
      database: installation.database, clock: SystemClock(), log: JSONLineSink(),
      settings: installation.projectorSettings)
    let progress = ProgressLine()
    let outcome = try await loading.run(inputs, feed: description, history: retrospective) { progress.show($0) }
    progress.end()
    if json {
      Terminal.print(
        JSONText.object([
          ("read", JSONText(outcome.read)), ("new", JSONText(outcome.new)),
          ("duplicate", JSONText(outcome.duplicate)), ("quarantined", JSONText(outcome.quarantined)),
        ]).description)
    } else {
      Terminal.print(
        "read \(outcome.read) new \(outcome.new) duplicate \(outcome.duplicate) quarantined \(outcome.quarantined)")
    }
    if outcome.quarantined > 0 { throw ExitCode(65) }
  }

  /// A file, which is looked at now, and opened when its turn comes.
  private static func input(_ file: String) throws -> LoadInput {
    if file == "-" { return LoadInput(name: "(standard input)", descriptor: STDIN_FILENO) }
    var status = stat()
    guard stat(file, &status) == 0, access(file, R_OK) == 0 else {
      throw CommandFailure.io("\(file) cannot be opened")
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      errno = EISDIR
      throw CommandFailure.io("\(file) cannot be read")
    }
    return LoadInput(name: file) {
      let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw CommandFailure.io(
          "What came before \(file) is taken in, and all may be loaded again, but it cannot be opened any more")
      }
      return descriptor
    }
  }

  private func description(_ installation: Installation, _ rulebook: Rulebook) throws -> FeedDescription {
    guard let name = feed else {
      return Installation.directDescription(rulebook.policy.processes)
    }
    guard let settings = installation.configuration.feeds.first(where: { $0.name == name }) else {
      let known = installation.configuration.feeds.map(\.name).joined(separator: ", ")
      throw ValidationError("The configuration has no feed \(name)\(known.isEmpty ? "." : "; it has \(known).")")
    }
    guard settings.kind != .exchange else {
      throw ValidationError("The feed \(name) reads no files: it is of kind \(settings.kind.rawValue).")
    }
    return try FeedDescription(settings, processes: rulebook.policy.processes)
  }
}
