import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime
import Synchronization

/// Tells on their instants of the levels that the leader cannot record because the database is away.
///
/// It holds the levels that come next (`LevelWatch`), has an alarm of its own, and does not wait until somebody notices
/// the loss: a level whose instant has passed and that was not raised within `patience` makes it ask the database
/// itself, and without an answer within `answerTime` it tells. What it told it keeps (`AbsenceJournal`) until the
/// database says what became of it. Where another daemon leads it holds nothing and tells nothing.
public final class AbsenceAlarm: Sendable {
  /// How long the leader may take to raise a level before the database is asked.
  static let patience = Duration.milliseconds(300)
  /// How long the database may take to answer.
  static let answerTime = Duration.milliseconds(300)
  /// How long ago an answer of the database to the leader may lie for it to count as there: one that is far away takes
  /// its time over a new connection, and is no less there.
  static let freshness = Duration.milliseconds(400)
  /// After how long a level is told that a database which answers has not taken.
  static let stuckAfter = Duration.seconds(30)

  /// The part this daemon plays, as far as telling goes.
  enum Part: Sendable { case starting, standby, leading }

  struct Duty: Sendable {
    var part = Part.starting
    /// Every level up to here has been raised in this term.
    var raisedThrough: Instant?
    /// When the database answered the leader last.
    var answeredAt: ContinuousClock.Instant?
    /// Since when the leader fails.
    var failedSince: ContinuousClock.Instant?
    /// Whether the database gave no answer, and the leader has raised nothing since.
    var isAway = false
    var words = AbsenceWords()
    /// Wakes who keeps the list and the files.
    var wakeKeeper: (@Sendable () -> Void)?

    /// Whether it makes no sense to ask for anything.
    var isLost: Bool { failedSince != nil || isAway }
  }

  let levels: LevelWatch
  let journal: AbsenceJournal
  let database: DatabaseSource
  let log: any LogSink
  /// In microseconds.
  let retrospectiveAfter: Atomic<Int64>
  let directory: String?
  private let duty = Mutex(Duty())
  private let isLoaded = Mutex(false)
  private let lock = Mutex<StateLock?>(nil)
  private let isAsking = Mutex(false)
  private let said = Mutex<[String]>([])

  /// An alarm; nothing runs yet.
  ///
  /// - Parameters:
  ///   - directory: where it keeps what must survive the program; nil keeps nothing.
  ///   - retrospectiveAfter: in microseconds.
  ///   - capacity: how many levels it looks ahead to.
  public init(
    database: DatabaseSource, log: any LogSink, directory: String?, retrospectiveAfter: Int64,
    capacity: Int = 100_000
  ) {
    self.database = database
    self.log = log
    self.directory = directory
    self.retrospectiveAfter = Atomic(retrospectiveAfter)
    levels = LevelWatch(capacity: capacity)
    journal = AbsenceJournal()
  }

  /// Runs until it is cancelled or the service group shuts down; may be run again after that.
  ///
  /// - Parameter clock: has an alarm that nobody else sets.
  public func run(on clock: any WallClock) async {
    load(now: clock.now())
    defer { lock.withLock { $0 = nil } }
    let (teller, keeper) = (Doorbell(), Doorbell())
    levels.whenEarlier { teller.ring() }
    duty.withLock { $0.wakeKeeper = { keeper.ring() } }
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.tell(clock, teller) }
        group.addTask { await self.keep(clock, keeper) }
      }
    } onCancelOrGracefulShutdown: {
      teller.silence()
      keeper.silence()
    }
    clock.arm(at: nil) {}
  }

  /// The directory whose files are this program's while it runs; nil if there is none.
  var files: String? { lock.withLock { $0 == nil ? nil : directory } }

  /// Takes the files for this program, and takes in, once, what an earlier run of it left.
  private func load(now: Instant) {
    guard let directory else { return }
    do throws(StateFile.Failure) {
      try StateFile(directory: directory, name: "", limit: 0).makeDirectory()
      let taken = try StateLock(directory)
      lock.withLock { $0 = taken }
    } catch {
      say("After a restart without the database no alerts will be told: \(error).", now)
      return
    }
    let isFirst = isLoaded.withLock { loaded -> Bool in
      defer { loaded = true }
      return !loaded
    }
    guard isFirst else { return }
    if let trouble = journal.load(from: directory) { say(trouble, now) }
    let watch = WatchFile(directory: directory).load(now: now)
    if let trouble = watch.trouble { say(trouble, now) }
    duty.withLock { $0.words = watch.words }
    levels.restore(watch.contents)
  }

  /// What is known of the leader.
  var known: Duty { duty.withLock { $0 } }

  /// Says what is wrong with a file or the settling, each thing once until another is said.
  func say(_ message: String, _ now: Instant, _ priority: LogPriority = .warning) {
    let isNew = said.withLock { said -> Bool in
      guard !said.contains(message) else { return false }
      said = said.suffix(15) + [message]
      return true
    }
    if isNew { _ = log.write(LogRecord(time: now.microseconds, priority: priority, message: message)) }
  }
}

// What the leader tells it.
extension AbsenceAlarm {
  /// This daemon won a term.
  func elected(_ projector: Projector) {
    levels.follow(projector)
    let wake = duty.withLock { duty in
      duty.part = .leading
      duty.raisedThrough = nil
      duty.words = AbsenceWords(projector.rulebook)
      return duty.wakeKeeper
    }
    wake?()
  }

  /// Every level up to an instant was raised.
  func raised(through instant: Instant) {
    duty.withLock {
      $0.raisedThrough = instant
      $0.failedSince = nil
      $0.isAway = false
    }
  }

  /// The database answered the leader.
  func answered() {
    duty.withLock {
      $0.answeredAt = .now
      $0.failedSince = nil
    }
  }

  /// The leader's work failed; what the database refuses is no absence of it.
  func failed(_ error: any Error) {
    if let error = error as? PostgresError, !error.isRetryable { return }
    let wake = duty.withLock { duty in
      duty.failedSince = duty.failedSince ?? .now
      return duty.wakeKeeper
    }
    wake?()
  }

  /// The database serves, and another daemon leads.
  func stoodBy() {
    duty.withLock {
      $0.part = .standby
      $0.failedSince = nil
      $0.isAway = false
    }
    levels.clear()
  }

  /// A line's record; of an alert that was told as unrecorded with when it was.
  func marked(_ record: LogRecord, _ line: PendingLine) -> LogRecord {
    guard line.event == "alert.raised", let subject = line.subject, let told = journal.toldAt(subject) else {
      return record
    }
    let zone = line.texts["calendar"].flatMap { name in duty.withLock { $0.words.zones[name] } } ?? .utc
    var record = record
    record.set("unrecorded_at", .text(told.rfc3339(in: zone)))
    return record
  }
}

// Whether the database is away.
extension AbsenceAlarm {
  /// Why the levels that wait cannot be recorded; nil if the leader is only slow, or that is not known yet.
  ///
  /// - Parameter waited: how long the first of them has waited for the leader.
  func cause(_ known: Duty, waited: Duration) async -> UnrecordedCause? {
    if let since = known.failedSince, waited >= AbsenceAlarm.patience || .now - since >= .seconds(1) {
      return .away
    }
    guard waited >= AbsenceAlarm.patience else { return nil }
    let hasAnswered = known.answeredAt.map { .now - $0 < AbsenceAlarm.freshness } ?? false
    let isThere = hasAnswered ? true : await answers()
    if isThere {
      // Before it leads it does not raise anything, however long it takes until then.
      return waited >= AbsenceAlarm.stuckAfter && known.part == .leading ? .stuck : nil
    }
    duty.withLock { if $0.raisedThrough == known.raisedThrough { $0.isAway = true } }
    return .away
  }

  /// Whether the database answers in time. One that has not answered yet is not asked twice at a time.
  private func answers() async -> Bool {
    let isFree = isAsking.withLock { asking -> Bool in
      defer { asking = true }
      return !asking
    }
    guard isFree else { return false }
    let (stream, answer) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingOldest(1))
    Task.detached { [self] in
      let isThere = await asked()
      isAsking.withLock { $0 = false }
      answer.yield(isThere)
    }
    let alarm = Task {
      try await Task.sleep(for: AbsenceAlarm.answerTime)
      answer.yield(false)
    }
    defer { alarm.cancel() }
    for await isThere in stream { return isThere }
    return false
  }

  private func asked() async -> Bool {
    do {
      let connection = try await database.connect(.probe)
      _ = try await connection.run { try $0.execute("SELECT") }
      await connection.close()
      return true
    } catch {
      return false
    }
  }
}
