import Feeds
import Journal
import Ledger
import LibPQ
import ServiceTime

/// Reads an exchange database, round by round: what is new, and every night everything.
///
/// Each reading begins an overlap before the last time that was read, for who writes there commits later than the time
/// that he writes. That time never passes the exchange's own clock: a row from the future keeps no other from being
/// read. The position is moved in the transaction that takes the rows in.
struct ExchangeReader {
  /// Most rows of a page.
  static let mostRows = 1_000
  /// Pages of a comparison between two readings of what is new.
  static let comparedPages = 20
  /// The first time that has a key: the year 1.
  static let first: Int64 = -62_135_596_800_000_000
  /// By how much the clocks may differ before it is told, in microseconds.
  static let skew: Int64 = 60_000_000

  let feed: FeedDescription
  let exchange: ExchangeDescription
  let upstream: ExchangeUpstream
  let intake: Intake
  let clock: any WallClock
  let stop: Doorbell
  /// Told what the operator should know: each thing once while it lasts.
  let say: @Sendable (LogPriority, String) -> Void

  /// Whether it could not be read when it was last tried: the feed counts as silent until all that is new has been read.
  var wasAway = false

  /// How often in a row acceptances waited for another table.
  private var troubledRounds = 0
  /// For how many rounds they wait: about a quarter of an hour, as the rounds come.
  static let mostTroubledRounds = 20

  private var source: ExchangeSource?
  private var rows = ExchangeReader.mostRows
  private var isSkewed = false
  private var fromFuture: Set<ExchangeTable> = []
  /// What the comparison under way has found, by table.
  private var found: [ExchangeTable: Int] = [:]

  init(
    feed: FeedDescription, upstream: ExchangeUpstream, intake: Intake, clock: any WallClock, stop: Doorbell,
    say: @escaping @Sendable (LogPriority, String) -> Void
  ) {
    self.feed = feed
    self.exchange = feed.exchange ?? ExchangeDescription()
    self.upstream = upstream
    self.intake = intake
    self.clock = clock
    self.stop = stop
    self.say = say
  }

  /// Reads what is new, and a part of a comparison that is due; true if more of it waits.
  mutating func round() async throws -> Bool {
    let source = try await connected()
    var decoder = try await intake.decoder(of: feed, exchange, stop)
    let now = try await whileStaying { try await source.now() }
    tellSkew(now)
    // One table that cannot be read keeps no other from being read: a case whose end nobody sees would overrun. So would
    // those that begin: acceptances wait for what cannot be read, but not for ever, for nobody would see them overrun.
    var trouble: ExchangeTrouble?
    for table in ExchangeTable.inOrder where !stop.isSilenced {
      if table == .accept, trouble != nil {
        troubledRounds += 1
        if troubledRounds < ExchangeReader.mostTroubledRounds { break }
      }
      do {
        try await read(table, source, &decoder, wall: wall(now, table, source))
        if table.plansEnds { try await readEnded(table, source, &decoder) }
      } catch let error as ExchangeTrouble {
        trouble = trouble ?? error
      }
    }
    if let trouble { throw trouble }
    troubledRounds = 0
    for table in ExchangeTable.inOrder where !stop.isSilenced {
      if try await compare(table, source, &decoder) { return true }
    }
    rows = min(rows * 2, ExchangeReader.mostRows)
    return false
  }

  /// Breaks the connection; after one that was slow smaller parts are read.
  mutating func close(wasSlow: Bool = false) async {
    await source?.close()
    source = nil
    if wasSlow { rows = max(20, rows / 4) }
  }

  /// Connects, if it has not yet.
  @discardableResult
  mutating func connected() async throws -> ExchangeSource {
    if let source, await source.connection.isUsable { return source }
    let fresh = try await whileStaying { [upstream, feed, exchange] in
      try await ExchangeSource.connect(upstream.conninfo, feed: feed, exchange: exchange)
    }
    source = fresh
    return fresh
  }

  /// Waits for the exchange database, but no longer than it is to be read: a slow one must not hold up the end.
  private func whileStaying<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
    try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask { try await body() }
      group.addTask { [stop] in
        while await stop.wait(atMost: .seconds(600)) {}
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let result = first else { throw CancellationError() }
      return result
    }
  }

  /// An instant as a table's `cd_time` tells it.
  private func wall(_ instant: Instant, _ table: ExchangeTable, _ source: ExchangeSource) -> LocalTime {
    let zone = source.layout.versionHasOffset(table) ? .utc : feed.timeZone ?? .utc
    return zone.local(instant)
  }

  // MARK: What is new

  private mutating func read(
    _ table: ExchangeTable, _ source: ExchangeSource, _ decoder: inout ExchangeDecoder, wall: LocalTime
  ) async throws {
    var position = try await intake.position(of: feed, table, stop)
    // Where the exchange's clock was set back, rows are written before what was read last.
    let start = position.readThrough.map {
      ExchangeQuery.key(
        LocalTime(microseconds: max(min($0, wall.microseconds) - upstream.overlap, ExchangeReader.first)))
    }
    // Rows that nothing places come first: whoever is ended in the middle of them finds them again.
    var next: ExchangeQuery.From? = .unnamed(since: start ?? "", behind: nil)
    var last: LocalTime?
    while let from = next, !stop.isSilenced {
      let limit = rows
      let page = try await whileStaying { try await source.page(table, from: from, limit: limit) }
      let known = page.compactMap(\.row.version).filter { $0 <= wall }.max()
      let through = from.isUnnamed ? nil : known?.microseconds
      let outcome = try await take(page, &decoder, table, .read(through: through), position)
      if outcome != nil {
        last = page.compactMap(\.row.version).max() ?? last
        next = page.count == limit ? page.last?.next(of: from) : from.isUnnamed ? .version(start ?? "") : nil
      }
      if next != nil { position = try await intake.position(of: feed, table, stop) }
    }
    if let last, last.microseconds - wall.microseconds > ExchangeReader.skew {
      guard fromFuture.insert(table).inserted else { return }
      say(
        .warning,
        "\(table.rawValue) has rows whose cd_time lies in the future, up to \(last): they are taken in, and keep no "
          + "other from being read; have the clock or the time zone of who writes them set right.")
    } else {
      fromFuture.remove(table)
    }
  }

  // MARK: Planned ends

  /// Reads rows again whose planned ends have come.
  private func readEnded(
    _ table: ExchangeTable, _ source: ExchangeSource, _ decoder: inout ExchangeDecoder
  ) async throws {
    while !stop.isSilenced {
      let position = try await intake.position(of: feed, table, stop)
      let guids = try await intake.ended(of: feed, table, atMost: rows, stop)
      if guids.isEmpty { return }
      let page = try await whileStaying { try await source.page(table, from: .rows(guids), limit: guids.count) }
      guard try await take(page, &decoder, table, .ended(guids), position) != nil else { continue }
      let missing = Set(guids).subtracting(page.map(\.row.identity)).sorted()
      guard let first = missing.first else { continue }
      say(
        .warning,
        "the ends that \(missing.count) rows of \(table.rawValue) planned have come, but the rows are not there any more, "
          + "row_guid \(first) for one: what they began has not ended here; have them written again.")
    }
  }

  // MARK: Comparison

  /// Compares a part of a table's rows with what they said, if it is due; true if more waits.
  private mutating func compare(
    _ table: ExchangeTable, _ source: ExchangeSource, _ decoder: inout ExchangeDecoder
  ) async throws -> Bool {
    for _ in 0..<ExchangeReader.comparedPages where !stop.isSilenced {
      let position = try await intake.position(of: feed, table, stop)
      guard position.comparedThrough != nil || position.comparedAt < lastDue() else {
        tellFound(table)
        return false
      }
      let from = ExchangeQuery.From(comparedThrough: position.comparedThrough)
      let limit = rows
      let page = try await whileStaying { try await source.page(table, from: from, limit: limit) }
      let next =
        page.count == limit ? page.last?.next(of: from) : from.isUnnamed ? ExchangeQuery.From.guid(nil) : nil
      let outcome = try await take(page, &decoder, table, .compared(through: next?.comparedThrough), position)
      found[table, default: 0] += outcome.map { $0.new + $0.changed } ?? 0
    }
    return true
  }

  /// Says what a comparison has found, once it is over.
  private mutating func tellFound(_ table: ExchangeTable) {
    guard let count = found.removeValue(forKey: table), count > 0 else { return }
    say(
      .notice,
      "the nightly comparison of \(table.rawValue) found \(count) rows that are new or say something else, though "
        + "their cd_time did not tell it.")
  }

  /// When a comparison was due last.
  private func lastDue() -> Instant {
    let zone = feed.timeZone ?? .utc
    let now = clock.now()
    let today = zone.local(now).date
    let due = zone.instant(LocalTime(today, timeOfDay: upstream.compareAt))
    return due <= now ? due : zone.instant(LocalTime(today + -1, timeOfDay: upstream.compareAt))
  }

  // MARK: Pages

  /// Takes a page in that was read at a position; nil where another daemon took one in meanwhile, so that it is to be
  /// read again.
  private func take(
    _ page: [ExchangeSource.Keyed], _ decoder: inout ExchangeDecoder, _ table: ExchangeTable,
    _ progress: ExchangePage.Progress, _ position: ExchangeRegister.Position
  ) async throws -> ExchangeOutcome? {
    let now = clock.now()
    // Of several versions of a row the last is read.
    var places: [String: Int] = [:]
    var rows: [ExchangePage.Row] = []
    for keyed in page {
      let row = ExchangePage.Row(keyed.row, decoder.read(keyed.row, now: now))
      if let place = places[row.guid] {
        rows[place] = row
      } else {
        places[row.guid] = rows.count
        rows.append(row)
      }
    }
    let taken = ExchangePage(
      feed: feed.name, source: feed.source.text, table: table.rawValue, rows: rows, progress: progress,
      revision: position.revision, receivedAt: now, staysStalled: wasAway)
    do {
      return try await intake.take(taken, stop)
    } catch let error as PostgresError where error.kind == .overtaken {
      return nil
    }
  }

  private mutating func tellSkew(_ there: Instant) {
    let ahead = there - clock.now()
    guard abs(ahead) > ExchangeReader.skew else {
      isSkewed = false
      return
    }
    if isSkewed { return }
    isSkewed = true
    say(
      .warning,
      "the clock of the exchange database is \(abs(ahead) / 1_000_000) s \(ahead > 0 ? "ahead of" : "behind") this one: "
        + "set both by NTP.")
  }
}
