import ArgumentParser
import Daemon
import Journal
import Ledger
import ServiceTime

extension QuarantineCommand {
  /// Takes in what can be understood now.
  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read entries again by the configuration and policy of now, and return when they are projected.",
      discussion: """
        For use once a mapping, a time zone or the policy was corrected. What is refused again stays, with the reason \
        of now, or under --as-feed with its own; then the exit status is 65. Doing it twice does no harm.
        """)

    @OptionGroup var globals: GlobalOptions
    @Argument(help: "Numbers of entries.") var ids: [Int64] = []
    @Option(help: "All open ones of a feed.") var feed: String?
    @Option(help: "All open ones with a code.") var code: String?
    @Flag(help: "All open ones.") var all = false
    @Option(help: "The feed whose format, mapping and source apply, instead of each entry's own.")
    var asFeed: String?
    @Flag(help: "All of it is history: nobody is paged.") var retrospective = false
    @Option(help: "Who; the login name if left out.") var by: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws { try QuarantineChoice.check(ids: ids, feed: feed, code: code, all: all) }

    func run() async throws {
      let installation = try await globals.open()
      try await installation.checkSchema()
      let feeds = try installation.feedDescriptions(try await installation.rulebook())
      if let asFeed, feeds[asFeed] == nil {
        throw ValidationError(
          "The configuration has no feed \(asFeed); it has \(feeds.keys.sorted().joined(separator: ", ")).")
      }
      let ask = try await installation.database.connect(.ask)
      let ids = ids
      try await ask.run { try QuarantineChoice.announce(ids, &$0) }
      await ask.close()
      let loading = Loading(
        database: installation.database, clock: SystemClock(), log: JSONLineSink(),
        settings: installation.projectorSettings)
      let request = RetryRequest(
        selection: Quarantine.Selection(ids: ids, feed: feed, code: code), feeds: feeds,
        substitute: asFeed.flatMap { feeds[$0] }, by: try Operator.name(by), history: retrospective)
      let progress = ProgressLine()
      let report = try await loading.retry(request) { progress.show($0) }
      progress.end()
      Retry.explain(report)
      let outcome = report.outcome
      if json {
        Terminal.print(Retry.json(report).description)
      } else {
        Terminal.print(
          "read \(report.entries) new \(outcome.new) duplicate \(outcome.duplicate) quarantined \(outcome.quarantined)"
        )
      }
      if outcome.quarantined > 0 { throw ExitCode(65) }
    }

    /// Says why entries stay.
    private static func explain(_ report: RetryReport) {
      for stay in report.stays {
        Terminal.note(Terminal.safe("entry \(stay.id) stays: \(stay.code.map { "\($0): " } ?? "")\(stay.message)"))
      }
      if report.stays.contains(where: { $0.code == "conflict" }) {
        Terminal.note("what to do about a conflict: \(QuarantineRemedy.text("conflict"))")
      }
      for (feed, entries) in report.unconfigured {
        Terminal.note(
          Terminal.safe(
            "\(entries) of feed \(feed) stay: the configuration has no feed of this name; --as-feed NAME reads them by "
              + "another's settings and source"))
      }
      let told = report.stays.count + Int(report.unconfigured.reduce(0) { $0 + $1.entries })
      if report.outcome.quarantined > told {
        Terminal.note("\(report.outcome.quarantined - told) more stay; see: bizclock quarantine list")
      }
      let silent = report.settled - report.outcome.new - report.outcome.duplicate
      if silent > 0 { Terminal.note("\(silent) are the header row of a file, which can be read now: no event") }
    }

    private static func json(_ report: RetryReport) -> JSONText {
      .object([
        ("read", JSONText(report.entries)), ("new", JSONText(report.outcome.new)),
        ("duplicate", JSONText(report.outcome.duplicate)), ("quarantined", JSONText(report.outcome.quarantined)),
        (
          "stay",
          .array(
            report.stays.map {
              .object([("id", JSONText($0.id)), ("code", JSONText($0.code)), ("message", .text($0.message))])
            })
        ),
        (
          "unconfigured",
          .array(
            report.unconfigured.map { .object([("feed", .text($0.feed)), ("entries", JSONText($0.entries))]) })
        ),
      ])
    }
  }
}
