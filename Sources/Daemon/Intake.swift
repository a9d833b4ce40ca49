import Feeds
import Journal
import Ledger
import LibPQ
import ServiceTime

/// Takes inputs into the ledger, batch by batch, until each is committed: whatever happens to the database
/// meanwhile, a batch is tried again until its outcome is known.
public final class Intake: @unchecked Sendable {
  // Sendable: its service hands it to one body at a time and waits for each.
  private let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  var appender: Appender
  private var connection: Connection?
  private var input: Input?
  private var pending: AppendBatch?
  var processes = KnownProcesses()
  let officeHours = OfficeHoursInForce()
  /// By feed, what was said of its quarantine; nil where nobody is to be told.
  var growth: [String: QuarantineGrowth]?
  /// Beats while it reads and while it waits for the database; nil where nobody watches.
  let heart: Heartbeat?
  let metrics: DaemonMetrics
  /// Reads what is posted; made when a feed's first post comes.
  var bodies: BodyReader?
  /// Why the ledger last refused a post.
  var refusal = ""

  private struct Input {
    /// Made when the processes that the policy names are known.
    var reader: BatchReader?
    var descriptor: Int32
    var batch: Int
    var feed: FeedDescription
    var origin: String
    var history: Bool
  }

  /// An intake over connections of its own; `tellsGrowth` has the log say when a feed's quarantine grows.
  public convenience init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink, tellsGrowth: Bool = false
  ) {
    self.init(
      database: database, clock: clock, log: log, tellsGrowth: tellsGrowth, heart: nil, metrics: DaemonMetrics())
  }

  init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink, tellsGrowth: Bool, heart: Heartbeat?,
    metrics: DaemonMetrics
  ) {
    self.metrics = metrics
    self.database = database
    appender = Appender(handingTo: database.appended)
    self.clock = clock
    self.log = log
    growth = tellsGrowth ? [:] : nil
    self.heart = heart
  }

  /// Takes in all of an open descriptor; returns once everything read is committed.
  ///
  /// - Parameters:
  ///   - origin: the file's name, for the quarantine.
  ///   - history: whether all of it is history.
  ///   - stop: once silenced, the batch in hand is finished and no other begun; `finished` says whether it was the
  ///     input's last.
  ///   - pace: waited for before each batch.
  ///   - progress: told after each batch.
  func take(
    descriptor: Int32, origin: String, feed: FeedDescription, history: Bool, batch: Int, stop: Doorbell,
    pace: @Sendable () async -> Void = {}, progress: @Sendable (AppendOutcome) -> Void = { _ in }
  ) async throws -> (outcome: AppendOutcome, finished: Bool) {
    input = Input(descriptor: descriptor, batch: batch, feed: feed, origin: origin, history: history)
    pending = nil
    defer { input = nil }
    var total = AppendOutcome()
    var watch = DatabaseWatch(clock: clock, log: log)
    while true {
      heart?.away()
      await pace()
      do {
        let connection = try await connected()
        guard let outcome = try await connection.run({ try self.step(&$0) }) else { return (total, true) }
        watch.found()
        total += outcome
        progress(total)
        noteGrowth(of: feed.name, by: outcome.quarantined, from: origin)
        await tellGrowth(of: feed.name)
        if stop.isSilenced { return (total, input?.reader?.isAtEnd ?? true) }
      } catch let error as PostgresError where error.isRetryable {
        try await recover(error, &watch, stop)
        if stop.isSilenced { return (total, false) }
      }
    }
  }

  /// Closes the connection.
  func close() async {
    await connection?.close()
    connection = nil
  }

  /// Notes how many lines of a feed went to quarantine.
  func noteGrowth(of feed: String, by entries: Int, from origin: String) {
    growth?[feed, default: QuarantineGrowth()].add(entries, of: origin)
  }

  /// Says that a feed's quarantine grows, if it is time to; where the database does not answer, the next time.
  func tellGrowth(of feed: String) async {
    guard growth?[feed]?.isDue(at: clock.now()) ?? false, let connection = try? await connected() else { return }
    let selection = Quarantine.Selection(feed: feed)
    guard let counts = try? await connection.run({ try Quarantine.counts(selection, &$0) }) else { return }
    if let record = growth?[feed]?.record(feed, counts, at: clock.now()) { _ = log.write(record) }
  }

  func connected() async throws -> Connection {
    if let connection, await connection.isUsable { return connection }
    let fresh = try await database.connect(.append)
    connection = fresh
    return fresh
  }

  /// Appends the next batch; nil at the end of the input.
  private func step(_ session: inout Session) throws -> AppendOutcome? {
    if input?.reader == nil { try open(&session) }
    guard let input, let reader = input.reader else { return nil }
    if pending == nil {
      // Reading may hang where the directory is another machine's.
      heart?.beat()
      let read = try reader.next(now: clock.now())
      heart?.away()
      guard let read else { return nil }
      let origin = input.origin
      pending = AppendBatch(
        feed: input.feed.name, source: input.feed.source.text, events: read.events,
        original: { QuarantineEntry(read, event: $0, origin: origin) },
        rejects: read.rejects.map { QuarantineEntry($0, origin: input.origin) }, history: input.history,
        receivedAt: clock.now())
    }
    guard let batch = pending else { return nil }
    let begun = ContinuousClock.now
    let outcome = try appender.append(batch, on: &session)
    pending = nil
    metrics.appended(outcome, feed: batch.feed, in: ContinuousClock.now - begun)
    if outcome.hasResumed { sayResumed(batch.feed, outcome) }
    return outcome
  }

  /// Begins to read an input, with the processes of the policy that is in force now.
  private func open(_ session: inout Session) throws {
    guard var input else { return }
    if !input.feed.knownProcesses.isEmpty, let processes = try processes.inForce(&session) {
      input.feed.knownProcesses = processes
    }
    input.reader = BatchReader(feed: input.feed, maximumRecords: input.batch, descriptor: input.descriptor)
    self.input = input
  }

  func sayResumed(_ feed: String, _ outcome: AppendOutcome) {
    var record = LogRecord(
      time: clock.microseconds(), priority: .notice, event: .feedResumed,
      message: "Feed \(feed) delivers again.")
    record.set("feed", .text(feed))
    if let since = outcome.silentSince { record.set("silent_since", .text("\(since)")) }
    _ = log.write(record)
  }

  /// Frees the append lock, or waits for the database to come back.
  func recover(_ error: PostgresError, _ watch: inout DatabaseWatch, _ stop: Doorbell) async throws {
    if await freeAppendLock(error) { return }
    await close()
    await watch.lost(error, stop)
  }

  /// Ends a session that holds the append lock without working, if that was the trouble; false if it was another.
  func freeAppendLock(_ error: PostgresError) async -> Bool {
    guard error.code == .lockNotAvailable, let connection, await connection.isUsable else { return false }
    let ended = try? await connection.run { try AppendLock.breakStale(&$0) }
    if let ended, ended > 0 {
      _ = log.write(
        LogRecord(
          time: clock.microseconds(), priority: .warning, event: nil,
          message: "Another program held the append lock without working; its session was ended."))
    }
    return true
  }
}

extension QuarantineEntry {
  /// The line or row that an event of a batch came from; the ledger says what is wrong with it.
  init(_ batch: FeedBatch, event index: Int, origin: String) {
    let (position, bytes) = batch.original(ofEvent: index)
    self.init(
      origin: origin, line: Int64(position.line), byteOffset: Int64(position.byteOffset),
      totalBytes: Int64(bytes.count), code: "", message: "", bytes: bytes, header: batch.header)
  }

  /// A reject of the decoders with its origin.
  init(_ reject: Reject, origin: String) {
    self.init(
      origin: origin, line: Int64(reject.position.line), byteOffset: Int64(reject.position.byteOffset),
      totalBytes: Int64(reject.rawLength), code: reject.code.rawValue, field: reject.position.field,
      message: reject.message, bytes: reject.raw, header: reject.header)
  }
}
