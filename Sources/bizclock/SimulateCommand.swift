import ArgumentParser
import Glibc
import ServiceTime
import Settings
import Simulator

/// Makes up cases.
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Write events of realistic cases as NDJSON, the same for the same arguments.",
    discussion: """
      Cases start on the dates FROM to TO and are counted by the shipped calendar; no event is later than TO, so \
      what is not finished by then stays open. Events come by occurred_at. With --files they are split, without \
      changing their order, over part-0001.ndjson, part-0002.ndjson … in --directory; each appears there whole.
      """)

  @Option(help: "How many cases.") var cases: Int
  @Option(help: "Any whole number from 0; another gives other cases.") var seed: UInt64
  @Option(help: "The first date on which cases start, YYYY-MM-DD.") var from = "2026-01-01"
  @Option(help: "The last date of any event, YYYY-MM-DD.") var to = "2026-06-30"
  @Flag(help: "Deliver in random order; holds all lines in memory, about 400 MB for a million events.")
  var shuffle = false
  @Option(help: ArgumentHelp("Percent of the events delivered twice, 0 to 100.", valueName: "percent"))
  var duplicates = 0
  @Option(help: ArgumentHelp("How many files to split the events over.", valueName: "n")) var files: Int?
  @Option(help: "Where to put the files; made if it is not there.") var directory: String?

  func validate() throws {
    guard (1...10_000_000).contains(cases) else { throw ValidationError("--cases is a number from 1 to 10000000.") }
    guard (0...100).contains(duplicates) else {
      throw ValidationError("--duplicates is a percentage from 0 to 100.")
    }
    if let files {
      guard (1...9_999).contains(files) else { throw ValidationError("--files is a number from 1 to 9999.") }
    }
    guard (files == nil) == (directory == nil) else {
      throw ValidationError("Give --files and --directory together, or neither to write to standard output.")
    }
    _ = try dates()
  }

  func run() throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    // The shipped calendar whatever this machine is configured for: the same arguments, the same bytes.
    let rulebook = try Rulebook(
      policy: draft.policy, calendars: draft.calendars, zones: try ZoneFiles.load(for: draft.calendars))
    guard let calendar = rulebook.mainCalendar(process: "opening") else {
      throw CommandFailure.broken("The shipped policy has no process opening; rebuild the program.")
    }
    let dates = try dates()
    let simulator = Simulator(
      seed: seed, cases: cases, from: dates.lowerBound, to: dates.upperBound, calendar: calendar)
    var delivery = Delivery(
      simulator, zone: calendar.zone, seed: seed, shuffled: shuffle, duplicatePercent: duplicates,
      parts: files ?? 1)
    guard let directory else {
      while let chunk = delivery.next() {
        guard chunk.bytes.withUnsafeBytes({ Terminal.write($0, to: STDOUT_FILENO) }) else { return }
      }
      return
    }
    var parts = try PartFiles(directory: directory, count: files ?? 1)
    while let chunk = delivery.next() { try parts.write(chunk) }
    try parts.finish()
  }

  private func dates() throws -> ClosedRange<CivilDate> {
    let first = try date(from, "--from")
    let last = try date(to, "--to")
    guard first <= last else { throw ValidationError("--from \(from) is after --to \(to).") }
    return first...last
  }

  private func date(_ text: String, _ option: String) throws -> CivilDate {
    guard let date = CivilDate(text) else {
      throw ValidationError("\(option) \(text) is not a date; write for example 2026-01-01.")
    }
    // Events of the dates beside these would be outside the times that feeds take.
    guard (CivilDate(year: 1970, month: 1, day: 2)...CivilDate(year: 2099, month: 12, day: 30)).contains(date)
    else {
      throw ValidationError("\(option) \(text) is not between 1970-01-02 and 2099-12-30.")
    }
    return date
  }
}

/// The files of a delivery: each gets its name only when it is whole, so that a daemon watching the directory
/// never reads half of one.
struct PartFiles {
  private let directory: String
  private let count: Int
  private var part = 0
  private var descriptor: Int32 = -1

  /// Makes the directory; refuses one that holds a file of the names to be written.
  init(directory: String, count: Int) throws {
    self.directory = directory
    self.count = count
    guard mkdir(directory, 0o777) == 0 || errno == EEXIST else { throw PartFiles.failure("made", directory) }
    for part in 1...count where access(path(part), F_OK) == 0 {
      throw ValidationError("\(path(part)) is there already; give another directory or take the parts away.")
    }
  }

  mutating func write(_ chunk: Delivery.Chunk) throws {
    if chunk.part != part {
      try finish()
      part = chunk.part
      descriptor = open(temporary(part), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw PartFiles.failure("written", temporary(part)) }
    }
    guard chunk.bytes.withUnsafeBytes({ Terminal.write($0, to: descriptor) }) else {
      throw PartFiles.failure("written", temporary(part))
    }
  }

  /// Closes the part under way and gives it its name.
  mutating func finish() throws {
    guard descriptor >= 0 else { return }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporary(part), path(part)) == 0 else {
      throw PartFiles.failure("written", path(part))
    }
  }

  private func name(_ part: Int) -> String {
    let digits = String(part)
    return "part-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".ndjson"
  }
  private func path(_ part: Int) -> String { "\(directory)/\(name(part))" }
  private func temporary(_ part: Int) -> String { "\(directory)/.\(name(part)).part" }

  private static func failure(_ verb: String, _ path: String) -> CommandFailure {
    CommandFailure.io("\(path) cannot be \(verb)")
  }
}
