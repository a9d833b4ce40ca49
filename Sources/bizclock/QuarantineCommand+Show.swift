import ArgumentParser
import Daemon
import Feeds
import Ledger
import LibPQ
import ServiceTime

extension QuarantineCommand {
  /// Everything of one entry.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show an entry: what came, with the fault marked, and what to do.",
      discussion: "Control characters are escaped; bytes that are no text of the feed's encoding are shown in hex.")

    @OptionGroup var globals: GlobalOptions
    @Argument(help: "The entry's number.") var id: Int64
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Write the bytes as they came, and nothing else.") var raw = false

    func validate() throws {
      if json, raw { throw ValidationError("--json and --raw exclude each other.") }
    }

    func run() async throws {
      let installation = try await globals.open()
      try await installation.checkSchema()
      let id = id
      let now = SystemClock().now()
      let connection = try await installation.database.connect(.ask)
      let shown = try await connection.run { session -> QuarantineExhibit in
        guard let item = try Quarantine.read(id, &session) else {
          throw CommandFailure.missing("The quarantine has no entry \(id); see: bizclock quarantine list --all.")
        }
        guard let rulebook = try RuleLoader.load(&session)?.1 else { throw DatabaseFault.noSchema }
        let feed = try installation.feedDescriptions(rulebook)[item.feed]
        let reading = feed.map { EntryReader($0, now: now, calendar: rulebook.mainCalendar).read(item.entry) }
        var stored: StoredEvent?
        var given: Event?
        if case .events(let events)? = reading {
          for event in events {
            guard let known = try Quarantine.stored(under: event, &session) else { continue }
            stored = known
            given = event
            if !event.saysTheSame(as: known.event) { break }
          }
        }
        return QuarantineExhibit(
          item: item, feed: feed, reading: reading, stored: stored, given: given, zone: rulebook.officeZone,
          now: now)
      }
      await connection.close()
      if raw {
        shown.item.entry.bytes.withUnsafeBytes { _ = Terminal.write($0, to: 1) }
      } else {
        Terminal.print(json ? shown.json.description : shown.text)
      }
    }
  }
}

/// An entry of the quarantine as it is shown.
struct QuarantineExhibit {
  let item: Quarantine.Item
  /// The feed as it is configured now; nil if it is not.
  let feed: FeedDescription?
  /// What the entry says by the configuration of now.
  let reading: EntryReader.Reading?
  /// What the ledger holds under the id of the entry's event.
  let stored: StoredEvent?
  /// The entry's event of that id.
  let given: Event?
  let zone: TimeZoneTable
  let now: Instant

  private var entry: QuarantineEntry { item.entry }

  /// The bytes as the feed reads them; without a feed, a header tells CSV.
  private var bytes: RejectedBytes {
    let assumed = FeedDescription(name: item.feed, source: "", format: entry.header == nil ? .ndjson : .csv)
    return RejectedBytes(entry.bytes, header: entry.header, feed: feed ?? assumed)
  }

  /// The bytes at fault: the place that the reader names if the fault is still the same, else the field's value.
  private var mark: Range<Int>? {
    let bytes = bytes
    if entry.code == "bad_encoding", let bad = bytes.firstBad { return bad..<bad + 1 }
    if case .refused(let reject)? = reading, reject.code.rawValue == entry.code,
      let column = reject.position.column
    {
      return column - 1..<column
    }
    return entry.field.flatMap { bytes.place(of: $0) }
  }

  private var differences: [EventDifferences.Difference] {
    guard let stored, let given else { return [] }
    return EventDifferences.between(stored: stored.event, given: given)
  }

  // MARK: For people

  var text: String {
    var lines = [
      "entry \(item.id), \(item.settlement.map { "\($0.resolution) by \($0.by ?? "nobody known") at \($0.at.rfc3339(in: zone))" } ?? "open")"
    ]
    if let reason = item.settlement?.reason { lines.append("  reason     \(reason)") }
    let size =
      entry.totalBytes > Int64(entry.bytes.count)
      ? "\(entry.totalBytes) bytes, of which the first \(entry.bytes.count) are kept" : "\(entry.totalBytes) bytes"
    lines += [
      "  feed       \(item.feed)\(feed == nil ? " (not configured)" : "")",
      "  received   \(item.receivedAt.rfc3339(in: zone)), \(PastSpan.text(now - item.receivedAt)) ago",
      "  from       \(entry.origin.isEmpty ? "–" : entry.origin), line \(entry.line), byte \(entry.byteOffset); \(size)",
      "  code       \(entry.code)",
    ]
    if let field = entry.field { lines.append("  field      \(field)") }
    lines.append("  message    \(entry.message)")
    lines = lines.map(Terminal.safe) + [""]
    let bytes = bytes
    if entry.header != nil {
      let header = bytes.headerText.map(Terminal.safe) ?? "(no text of the feed's encoding)"
      lines += ["  header  \(header)", ""]
    }
    lines += MarkedBytes(bytes: entry.bytes, characters: bytes.characters, mark: mark).lines
    if !differences.isEmpty, let stored, let given { lines += ["", conflict(stored, given)] }
    lines += ["", Terminal.safe("next: " + next)]
    return lines.joined(separator: "\n")
  }

  private func conflict(_ stored: StoredEvent, _ given: Event) -> String {
    var table = TextTable(["field", "in the ledger", "in this entry"])
    for difference in differences {
      table.add([difference.field, difference.stored ?? "–", difference.given ?? "–"])
    }
    let title = Terminal.safe(
      "event \(given.eventID) of case \(given.caseID), source \(given.source), in the ledger since "
        + "\(stored.receivedAt.rfc3339(in: zone)):")
    return title + "\n" + table.text
  }

  /// What is to be done.
  private var next: String {
    if let settlement = item.settlement { return "nothing; it was \(settlement.resolution)." }
    let retry = "bizclock quarantine retry \(item.id)"
    switch reading {
    case nil:
      return
        "the configuration has no feed \(item.feed); \(retry) --as-feed NAME reads it by another's settings. "
        + QuarantineRemedy.text(entry.code)
    case .unreadable(let why)?: return "it cannot be read again: \(why)."
    case .events(let events)? where events.isEmpty:
      return "it is a header row, which can be read now: \(retry)"
    case .events? where !differences.isEmpty: return QuarantineRemedy.text("conflict")
    case .events? where stored != nil: return "the ledger has the event already, saying the same: \(retry)"
    case .events?, .row?: return "by the configuration of now it can be taken in: \(retry)"
    case .refused(let reject)? where reject.code.rawValue == entry.code:
      return remedy(entry.code)
    case .refused(let reject)?:
      return "by the configuration of now it is refused as \(reject.code.rawValue): \(reject.message) "
        + remedy(reject.code.rawValue)
    }
  }

  private func remedy(_ code: String) -> String {
    feed?.exchange == nil ? QuarantineRemedy.text(code) : QuarantineRemedy.row(code)
  }

  // MARK: For programs

  var json: JSONText {
    let bytes = bytes
    let text = bytes.characters.map { $0.map(\.text).joined() }
    return .object(
      item.members(zone, now) + [
        ("header", JSONText(bytes.headerText)), ("text", JSONText(text)),
        ("hex", text == nil ? .text(MarkedBytes.hex(entry.bytes)) : .null),
        (
          "fault_at",
          mark.map { .object([("byte", JSONText($0.lowerBound + 1)), ("bytes", JSONText($0.count))]) } ?? .null
        ),
        ("now", nowJSON),
        (
          "conflict",
          .array(
            differences.map {
              .object([
                ("field", .text($0.field)), ("stored", JSONText($0.stored)), ("given", JSONText($0.given)),
              ])
            })
        ),
        ("next", .text(next)),
      ])
  }

  /// What a retry would find.
  private var nowJSON: JSONText {
    func object(_ state: String, _ code: String? = nil, _ message: String? = nil) -> JSONText {
      .object([("reads_as", .text(state)), ("code", JSONText(code)), ("message", JSONText(message))])
    }
    switch reading {
    case nil: return object("unconfigured")
    case .unreadable(let why)?: return object("unreadable", nil, why)
    case .events(let events)? where events.isEmpty: return object("header")
    case .events? where !differences.isEmpty: return object("conflict")
    case .events? where stored != nil: return object("duplicate")
    case .events?, .row?: return object("event")
    case .refused(let reject)?: return object("refused", reject.code.rawValue, reject.message)
    }
  }
}
