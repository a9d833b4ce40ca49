import ArgumentParser
import Daemon
import Ledger
import LibPQ
import ServiceTime

/// Prints the on-time report.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print the on-time report: promises kept, by date of stop, and what is open beside them.",
    discussion: """
      Grouped by commitment and version, and by each --by. Both dates are included; left out, they are the month of \
      the moment for which the report stands, up to its date. city, town and community are the region's first 6, 9 and 12 digits. CSV is UTF-8 with a \
      mark that tells Excel so; a text that a spreadsheet would take for a formula gets an apostrophe before it. \
      Rates are empty where nothing finished.

      --as-of asks for the report as it was at a moment, with what was known by then and the rules of then, whatever \
      has changed since; a report names the moment for which it stands. If the rules have changed since, what was \
      open then is folded again from the whole ledger, which takes about as long as verify.

      --compare-as-of says how the report of then differs from that of now, or of --as-of, and why.
      """)

  /// How a report is written.
  enum Format: String, CaseIterable, ExpressibleByArgument { case table, csv, json, html }

  @OptionGroup var globals: GlobalOptions
  @Option(help: ArgumentHelp("The first date of stop, YYYY-MM-DD.", valueName: "date")) var from: String?
  @Option(help: ArgumentHelp("The last date of stop, YYYY-MM-DD.", valueName: "date")) var to: String?
  @Option(
    help: ArgumentHelp(
      "Group by it: \(ReportGrouping.names.joined(separator: ", ")); may be repeated, or several with commas.",
      valueName: "dimension"))
  var by: [String] = []
  @Option(help: ArgumentHelp("The report as it was printed then, RFC 3339.", valueName: "time"))
  var asOf: String?
  @Option(
    help: ArgumentHelp(
      "What changed since the report of then, RFC 3339: by reason, and case by case.", valueName: "time"))
  var compareAsOf: String?
  @Option(help: ArgumentHelp("With --compare-as-of: at most so many cases are listed.", valueName: "number"))
  var limit = 200
  @Option(help: "table, csv, json or html.") var format = Format.table
  @Option(help: "en or zh: the language of table and html.") var lang = Language.en

  func validate() throws {
    _ = try ReportGrouping.dimensions(by)
    let first = try from.map { try ReportCommand.date($0, "--from") }
    let last = try to.map { try ReportCommand.date($0, "--to") }
    if let first, let last, first > last {
      throw ValidationError("--from \(first) is after --to \(last).")
    }
    guard compareAsOf != nil else { return }
    if !by.isEmpty { throw ValidationError("--compare-as-of goes case by case; leave out --by.") }
    if format == .html { throw ValidationError("--compare-as-of has no html; take table, csv or json.") }
    if limit < 0 { throw ValidationError("--limit \(limit) is below 0.") }
  }

  func run() async throws {
    if let compareAsOf { return try await compare(compareAsOf) }
    let dimensions = try ReportGrouping.dimensions(by)
    let (report, zone) = try await ask { session, moment, zone -> (OnTimeReport, TimeZoneTable) in
      let past = try moment.asOf.map { try RuleLoader.past($0, &session) }
      let zone = past?.rulebook?.officeZone ?? zone
      let (from, to) = try moment.range(zone, at: moment.now)
      return (
        try OnTimeReport.read(
          OnTimeReport.Question(from: from, to: to, dimensions: dimensions, past: past),
          dates: { moment.dates(zone, at: $0) }, on: &session), zone
      )
    }
    if report.standing.behind > 0, format != .json {
      Terminal.note(ReportWords(lang, zone).behind(report.standing.behind))
    }
    let text =
      switch format {
      case .table: ReportTable(report, ReportWords(lang, zone)).text + "\n"
      case .csv: ReportCSV(report, zone).text
      case .json: ReportJSON.value(report, zone).description + "\n"
      case .html: ReportPage(report, ReportWords(lang, zone)).text
      }
    guard Terminal.write(text, to: 1) else { return }
  }

  private func compare(_ then: String) async throws {
    let (format, lang, limit) = (format, lang, limit)
    try await ask { session, moment, zone in
      let first = try ReportCommand.time(then, "--compare-as-of", now: moment.now, zone)
      let second = try moment.asOf ?? max(first, OnTimeReport.lastRecorded(&session))
      guard first <= second else {
        throw ValidationError(
          "--compare-as-of \(then) is after \(second.rfc3339(in: zone)), with which it is compared.")
      }
      let (from, to) = try moment.range(zone, at: second)
      let comparison = ReportComparison(
        question: ReportChanges.Question(from: from, to: to, between: first, and: second, limit: limit),
        format: format, words: ReportWords(lang, zone), zone: zone)
      var sums = ReportChanges()
      var isFirst = true
      try ReportChanges.read(
        comparison.question, on: &session,
        summed: {
          sums = $0
          Terminal.write(comparison.beginning($0), to: 1)
        },
        each: { page in
          defer { isFirst = false }
          return Terminal.write(comparison.page(page, isFirst: isFirst), to: 1)
        })
      Terminal.write(comparison.ending(sums), to: 1)
    }
  }

  // MARK: - What is asked for

  /// The options that are dates and times, read.
  struct Moment: Sendable {
    var now: Instant
    var asOf: Instant?
    var from: CivilDate?
    var to: CivilDate?

    /// The dates: where they are left out, of the month of an instant up to its date. A first date alone that is still
    /// to come is refused.
    func range(_ zone: TimeZoneTable, at instant: Instant) throws -> (from: CivilDate, to: CivilDate) {
      let today = zone.date(of: now)
      if let from, to == nil, from > today {
        throw ValidationError("--from \(from) is after today, \(today); give --to as well.")
      }
      return dates(zone, at: instant)
    }

    /// As above; an instant before the first date makes it the last.
    func dates(_ zone: TimeZoneTable, at instant: Instant) -> (from: CivilDate, to: CivilDate) {
      let last = to ?? max(zone.date(of: instant), from ?? zone.date(of: instant))
      return (from ?? CivilDate(year: last.fields.year, month: last.fields.month, day: 1), last)
    }
  }

  private func ask<R: Sendable>(
    _ body: @escaping @Sendable (inout Session, Moment, TimeZoneTable) throws -> R
  ) async throws -> R {
    let from = try from.map { try ReportCommand.date($0, "--from") }
    let to = try to.map { try ReportCommand.date($0, "--to") }
    let asOf = asOf
    return try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> R in
        guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        let zone = rulebook.officeZone
        // What is recorded may bear a time a little ahead of the database's clock.
        let now = max(try OnTimeReport.now(&session), try OnTimeReport.lastRecorded(&session))
        let moment = Moment(
          now: now, asOf: try asOf.map { try ReportCommand.time($0, "--as-of", now: now, zone) }, from: from, to: to
        )
        return try body(&session, moment, zone)
      }
      await connection.close()
      return result
    }
  }

  /// A past moment; without an offset in the office's zone.
  static func time(_ text: String, _ option: String, now: Instant, _ zone: TimeZoneTable) throws -> Instant {
    guard let instant = Instant(rfc3339: text) ?? Instant(local: text, in: zone) else {
      throw ValidationError("\(option) \(text) is not a time; write for example 2026-11-01T08:00:00+08:00.")
    }
    guard instant <= now else {
      throw ValidationError("\(option) \(text) is still to come; it is \(now.rfc3339(in: zone)).")
    }
    return instant
  }

  private static func date(_ text: String, _ option: String) throws -> CivilDate {
    guard let date = CivilDate(text) else {
      throw ValidationError("\(option) \(text) is not a date; write for example 2026-01-01.")
    }
    return date
  }
}

extension Language: ExpressibleByArgument {}

/// The names by which `--by` asks for dimensions.
enum ReportGrouping {
  /// Commitment and version group every report; asking for them is right, and changes nothing.
  static let always = ["commitment", "version"]
  private static let byName: [(name: String, dimension: OnTimeReport.Dimension)] =
    OnTimeReport.Dimension.allCases.map { ($0 == .tag ? "tag" : $0.rawValue, $0) }
  static let names = always + byName.map(\.name)

  /// The dimensions of options like `city,channel`, each once, in the order given.
  static func dimensions(_ options: [String]) throws -> [OnTimeReport.Dimension] {
    var dimensions: [OnTimeReport.Dimension] = []
    for option in options {
      for part in option.split(separator: ",", omittingEmptySubsequences: false) {
        let name = part.drop { $0 == " " }
        if always.contains(String(name)) { continue }
        guard let found = byName.first(where: { $0.name == name || $0.dimension.rawValue == name }) else {
          throw ValidationError("--by \(name) is unknown; it is one of \(names.joined(separator: ", ")).")
        }
        if !dimensions.contains(found.dimension) { dimensions.append(found.dimension) }
      }
    }
    return dimensions
  }
}
