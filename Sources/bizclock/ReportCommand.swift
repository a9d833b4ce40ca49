import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Prints the on-time report.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print the on-time report: promises kept, by date of stop, and what is open beside them.",
    discussion: """
      Grouped by commitment and version, and by each --by. Both dates are included; left out, they are the current \
      month up to today. city, town and community are the region's first 6, 9 and 12 digits. CSV is UTF-8 with a \
      mark that tells Excel so; a text that a spreadsheet would take for a formula gets an apostrophe before it. \
      Rates are empty where nothing finished.
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
  @Option(
    help: ArgumentHelp(
      "The figures as they were known then, RFC 3339; what was open then is not kept.", valueName: "time"))
  var asOf: String?
  @Option(help: "table, csv, json or html.") var format = Format.table
  @Option(help: "en or zh: the language of table and html.") var lang = Language.en

  func validate() throws {
    _ = try ReportGrouping.dimensions(by)
    let first = try from.map { try ReportCommand.date($0, "--from") }
    let last = try to.map { try ReportCommand.date($0, "--to") }
    if let first, let last, first > last {
      throw ValidationError("--from \(first) is after --to \(last).")
    }
  }

  func run() async throws {
    let dimensions = try ReportGrouping.dimensions(by)
    let (from, to, asOf) = (from, to, asOf)
    let (report, zone) = try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> (OnTimeReport, TimeZoneTable) in
        guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        let zone = rulebook.policy.commitments.first.flatMap { rulebook.calendars[$0.calendar]?.zone } ?? .utc
        let now = try OnTimeReport.now(&session)
        let question = try ReportCommand.question(
          from, to, asOf, dimensions, today: zone.date(of: now), now: now, zone)
        return (try OnTimeReport.read(question, on: &session), zone)
      }
      await connection.close()
      return result
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

  /// The question of the options: the range is the current month to date where it is left out.
  private static func question(
    _ from: String?, _ to: String?, _ asOf: String?, _ dimensions: [OnTimeReport.Dimension], today: CivilDate,
    now: Instant, _ zone: TimeZoneTable
  ) throws -> OnTimeReport.Question {
    let last = try to.map { try date($0, "--to") } ?? today
    let first =
      try from.map { try date($0, "--from") }
      ?? CivilDate(year: last.fields.year, month: last.fields.month, day: 1)
    guard first <= last else {
      throw ValidationError("--from \(first) is after today, \(last); give --to as well.")
    }
    var knownAt: Instant?
    if let asOf {
      guard let instant = Instant(rfc3339: asOf) ?? Instant(local: asOf, in: zone) else {
        throw ValidationError("--as-of \(asOf) is not a time; write for example 2026-11-01T08:00:00+08:00.")
      }
      guard instant <= now else {
        throw ValidationError("--as-of \(asOf) is still to come; it is \(now.rfc3339(in: zone)).")
      }
      knownAt = instant
    }
    return OnTimeReport.Question(from: first, to: last, dimensions: dimensions, knownAt: knownAt)
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
