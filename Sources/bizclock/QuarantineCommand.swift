import ArgumentParser
import Daemon
import Ledger
import LibPQ
import ServiceTime

/// The quarantine: looked into, read again, discarded.
struct QuarantineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "See what could not be taken in, and take it in or discard it.",
    subcommands: [List.self, Show.self, Retry.self, Discard.self])

  /// Which entries are listed.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List open entries, newest first.")

    @OptionGroup var globals: GlobalOptions
    @Option(help: "Only those of a feed.") var feed: String?
    @Option(help: "Only those with a code, such as bad_time.") var code: String?
    @Flag(help: "Those that were retried or discarded too.") var all = false
    @Option(help: "List at most so many.") var limit = 100
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard limit >= 1, limit <= 1_000_000 else { throw ValidationError("--limit is a number from 1 to 1000000.") }
    }

    func run() async throws {
      let selection = Quarantine.Selection(feed: feed, code: code, dealtWithToo: all)
      let limit = limit
      let (counts, items, zone) = try await globals.asking { session in
        (
          try Quarantine.counts(selection, &session), try Quarantine.list(selection, limit: limit, &session),
          try RuleLoader.load(&session)?.1.officeZone ?? .utc
        )
      }
      let list = QuarantineList(counts: counts, items: items, showsAll: all, zone: zone, now: SystemClock().now())
      Terminal.print(
        json ? list.json.description : list.text(summary: Terminal.isInteractive, columns: Terminal.columns))
    }
  }

  /// Gives entries up.
  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Mark entries as discarded, with the reason; nothing is deleted.",
      discussion: "By a feed or a code alone only with --yes; without it, it says how many entries are meant.")

    @OptionGroup var globals: GlobalOptions
    @Argument(help: "Numbers of entries.") var ids: [Int64] = []
    @Option(help: "All open ones of a feed.") var feed: String?
    @Option(help: "All open ones with a code.") var code: String?
    @Option(help: "Why, for those who come later.") var reason: String
    @Option(help: "Who; the login name if left out.") var by: String?
    @Flag(help: "Discard all of a feed, or of a code.") var yes = false

    func validate() throws {
      try QuarantineChoice.check(ids: ids, feed: feed, code: code)
      _ = try Operator.text(reason, "--reason")
    }

    func run() async throws {
      let selection = Quarantine.Selection(ids: ids, feed: feed, code: code)
      let (by, reason, yes) = (try Operator.name(by), reason, yes)
      let now = SystemClock().now()
      try await globals.withDatabase { database in
        let connection = try await database.connect(.administer)
        let done = try await connection.run { session -> Int in
          try QuarantineChoice.announce(selection.ids, &session)
          if selection.ids.isEmpty, selection.feed == nil || selection.code == nil, !yes {
            let counts = try Quarantine.counts(selection, &session)
            let all = counts.reduce(0) { $0 + $1.entries }
            let parts = counts.map { "\($0.feed) \($0.code) \($0.entries)" }.joined(separator: ", ")
            throw ValidationError(
              "\(all) open entries are meant\(parts.isEmpty ? "" : " (\(Terminal.safe(parts)))"); "
                + "add --yes to discard them all.")
          }
          return try Quarantine.discard(selection, reason: reason, by: by, now: now, on: &session)
        }
        await connection.close()
        Terminal.print("discarded \(done)")
      }
    }
  }
}

/// Entries chosen on the command line.
enum QuarantineChoice {
  /// By number, or by feed and code; not both, and not nothing.
  static func check(ids: [Int64], feed: String?, code: String?, all: Bool = false) throws {
    let byNumber = !ids.isEmpty
    let byKind = feed != nil || code != nil
    guard byNumber || byKind || all else {
      throw ValidationError("Say which entries: by number, --feed or --code; bizclock quarantine list shows them.")
    }
    guard !byNumber || !byKind && !all else {
      throw ValidationError("Say which entries either by number or by --feed, --code and --all.")
    }
  }

  /// Refuses numbers that no entry has, and tells of those that were dealt with.
  static func announce(_ ids: [Int64], _ session: inout Session) throws {
    let unknown = try Quarantine.unknown(ids, &session)
    guard unknown.isEmpty else {
      let numbers = unknown.prefix(10).map(String.init).joined(separator: ", ")
      throw CommandFailure.missing(
        "The quarantine has no entry \(numbers)\(unknown.count > 10 ? ", …" : ""); nothing was done. "
          + "See: bizclock quarantine list --all.")
    }
    let chosen = Quarantine.Selection(ids: ids, dealtWithToo: true)
    guard !ids.isEmpty else { return }
    let zone = try RuleLoader.load(&session)?.1.officeZone ?? .utc
    for item in try Quarantine.list(chosen, limit: ids.count, &session) {
      guard let settlement = item.settlement else { continue }
      Terminal.note(
        Terminal.safe(
          "entry \(item.id) was \(settlement.resolution) already, by \(settlement.by ?? "nobody known") at "
            + "\(settlement.at.rfc3339(in: zone))"))
    }
  }
}

/// Entries as a table for people or JSON for programs.
struct QuarantineList {
  let counts: [Quarantine.Count]
  let items: [Quarantine.Item]
  let showsAll: Bool
  let zone: TimeZoneTable
  let now: Instant

  private var more: Int64 { counts.reduce(0) { $0 + $1.entries } - Int64(items.count) }

  /// The table; on a terminal messages are cut to its `columns`, for `show` gives them whole.
  func text(summary: Bool, columns: Int?) -> String {
    guard !items.isEmpty else { return showsAll ? "No entry." : "No open entry." }
    var parts: [String] = []
    if summary {
      var table = TextTable(["feed", "code", "entries", "oldest"], right: [2])
      for count in counts {
        table.add([count.feed, count.code, String(count.entries), PastSpan.text(now - count.oldest)])
      }
      parts.append(table.text)
    }
    var table = TextTable(
      ["id", "received", "age", "feed", "origin:line", "code"] + (showsAll ? ["state"] : []) + ["message"],
      right: [0])
    for item in items {
      table.add(
        [
          String(item.id), item.receivedAt.rfc3339(in: zone), PastSpan.text(now - item.receivedAt), item.feed,
          "\(item.entry.origin):\(item.entry.line)", item.entry.code,
        ] + (showsAll ? [item.settlement?.resolution ?? "open"] : []) + [item.entry.message])
    }
    let lines = table.text.split(separator: "\n").map { line in
      columns.map { Terminal.cut(String(line), to: $0) } ?? String(line)
    }
    parts.append(lines.joined(separator: "\n"))
    if more > 0 { parts.append("\(more) more; --limit shows them") }
    return parts.joined(separator: "\n\n")
  }

  var json: JSONText {
    .object([
      (
        "summary",
        .array(
          counts.map {
            .object([
              ("feed", .text($0.feed)), ("code", .text($0.code)), ("entries", JSONText($0.entries)),
              ("oldest_received_at", .text($0.oldest.rfc3339(in: zone))),
            ])
          })
      ),
      ("entries", .array(items.map { .object($0.members(zone, now)) })), ("more", JSONText(more)),
    ])
  }
}

extension Quarantine.Item {
  /// All but the bytes.
  func members(_ zone: TimeZoneTable, _ now: Instant) -> [(String, JSONText)] {
    [
      ("id", JSONText(id)), ("received_at", .text(receivedAt.rfc3339(in: zone))),
      ("age_seconds", JSONText((now - receivedAt) / 1_000_000)), ("feed", .text(feed)),
      ("origin", .text(entry.origin)), ("line", JSONText(entry.line)), ("byte_offset", JSONText(entry.byteOffset)),
      ("total_bytes", JSONText(entry.totalBytes)), ("code", .text(entry.code)), ("field", JSONText(entry.field)),
      ("message", .text(entry.message)), ("resolution", JSONText(settlement?.resolution)),
      ("resolved_at", JSONText(settlement?.at.rfc3339(in: zone))), ("resolved_by", JSONText(settlement?.by)),
      ("reason", JSONText(settlement?.reason)),
    ]
  }
}
