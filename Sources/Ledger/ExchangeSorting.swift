import ServiceTime

/// Which rows of a page say something new, and what follows from that: events to append and events to void.
struct ExchangeSorting {
  /// A row that said something else before.
  struct Changed {
    var row: ExchangePage.Row
    var before: ExchangeRegister.Known
  }

  /// What the id of a void begins with; the id that it voids follows.
  static let voidMark = "-"

  /// Rows that nothing is known of.
  private(set) var new: [ExchangePage.Row] = []
  /// Rows that said something else before.
  private(set) var changed: [Changed] = []
  /// The events to append, by row.
  private(set) var tellings: [(guid: String, events: [Event])] = []
  /// How many of them are voids.
  private(set) var voided = 0

  init(_ page: ExchangePage, _ known: [Identifier: ExchangeRegister.Known]) {
    // Both read what stands there now.
    let isComparing = if case .read = page.progress { false } else { true }
    for row in page.rows {
      guard let before = known[Identifier(row.guid)] else {
        new.append(row)
        continue
      }
      // Read again with an older version of it that still stands there, a row would say in turn what it says and said.
      guard before.content != row.content, isComparing || row.version >= before.version else { continue }
      changed.append(Changed(row: row, before: before))
    }
    tellings = new.map { ($0.guid, $0.events) }
  }

  /// The events to append.
  var events: [Event] { tellings.flatMap(\.events) }

  /// Whether all is known.
  var isEmpty: Bool { new.isEmpty && changed.isEmpty }

  /// Rows that are refused.
  var rejects: [QuarantineEntry] { (new + changed.map(\.row)).compactMap(\.reject) }

  /// Finds what changed rows must void and tell, given all that they have told and the voids of it.
  mutating func compare(with told: [Event]) {
    var dead: Set<LedgerKey> = []
    for event in told where event.type == .voided {
      if let target = event.voids { dead.insert(LedgerKey(event, eventID: target)) }
    }
    let facts = told.filter { $0.type != .voided }
    let byRow = Dictionary(grouping: facts) { event in ExchangeSorting.prefix(of: event.eventID) }
    // What a row said before stands while what it says now cannot be understood.
    for change in changed where change.row.reject == nil {
      let earlier = byRow[change.row.prefix] ?? []
      var standing = earlier.filter { !dead.contains(LedgerKey($0)) }
      var events: [Event] = []
      for event in change.row.events {
        if let place = standing.firstIndex(where: { ExchangeSorting.says($0, event) }) {
          standing.remove(at: place)
          continue
        }
        // What was voided stays void: the same once more is told under another id.
        let times = earlier.count { ExchangeSorting.says($0, event) }
        var fresh = event
        if times > 0 { fresh.eventID = Identifier("\(event.eventID)~\(times + 1)") }
        events.append(fresh)
      }
      for event in standing { events.append(ExchangeSorting.void(of: event)) }
      voided += standing.count
      tellings.append((change.row.guid, events))
    }
  }

  /// The void of an event: at its own time, so that no clock is asked.
  private static func void(of event: Event) -> Event {
    var void = Event(
      caseID: event.caseID, source: event.source, eventID: Identifier(voidMark + event.eventID.text), type: .voided,
      occurredAt: event.occurredAt)
    void.voids = event.eventID
    return void
  }

  /// Whether an event that was told is the same as one to be told, `~2` and the like aside.
  private static func says(_ told: Event, _ event: Event) -> Bool {
    guard told.caseID == event.caseID else { return false }
    let (text, base) = (told.eventID.text.utf8, event.eventID.text.utf8)
    guard text.starts(with: base) else { return false }
    let rest = text.dropFirst(base.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "~")
  }

  /// The first two parts of an id, with the slashes behind them.
  private static func prefix(of id: Identifier) -> String {
    let parts = id.text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.prefix(2).map { $0 + "/" }.joined()
  }
}
