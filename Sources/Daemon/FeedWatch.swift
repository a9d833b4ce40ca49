import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime
import Settings
import Synchronization

/// Says once that a feed has brought nothing for longer than it may, on the instant, and marks it.
///
/// Of several daemons with the feed the one says so whose mark it is; what it brings next takes the mark back. A feed
/// whose database cannot be read is marked too, until it is read again: whoever reads it says so.
struct FeedWatch: Sendable {
  let feed: ServedFeed
  let database: DatabaseSource
  /// With an alarm of its own.
  let clock: any WallClock
  let log: any LogSink
  /// Rung when other rules come into force, when a silent feed delivers again, and when the feed's database goes away or
  /// is back.
  let bell: Doorbell
  let state: DaemonState
  let heart: Heartbeat

  /// What a look found.
  private struct Look: Sendable {
    /// When its time may have run out next.
    var next: Instant?
    /// Whether it bears the mark, and this watch set it.
    var hasMarked = false
    /// Whether the feed's database could not be read.
    var isAway = false
  }

  /// Watches until graceful shutdown or cancellation; whether the feed bears a mark that this watch set.
  func run() async -> Bool {
    defer { heart.end() }
    return await cancelWhenGracefulShutdown {
      let name = feed.description.name
      // Known from the start: one that never brings anything would be missing without a word.
      guard await isRegistered() else { return false }
      // What lies in its directory already came while nobody was there to take it in.
      guard await state.wait(until: { $0.feedsRead.contains(name) }) else { return false }
      let rules = OfficeHoursInForce()
      var last = Look()
      repeat {
        // Past instants would ring again and again.
        clock.arm(at: nil) {}
        heart.away()
        do {
          last = try await look(rules, after: last)
          clock.arm(at: last.next) { [bell] in bell.ring() }
        } catch {
          heart.beat(within: .seconds(5))
          // A database that is away is the leader's to tell; here it is only asked again.
          guard await bell.wait(atMost: .seconds(5)) else { break }
          continue
        }
        heart.beat(within: .seconds(600))
        // However the clocks run, a look now and then does no harm; and that the feed is served is known by it.
        guard await bell.wait(atMost: .seconds(600)) else { break }
      } while !Task.isCancelled
      clock.arm(at: nil) {}
      return last.hasMarked
    }
  }

  /// Has the feed known once the database answers; false if the watch is to end before.
  private func isRegistered() async -> Bool {
    repeat {
      do {
        try await connected(register)
        return true
      } catch {
        // Why it does not answer is the leader's to tell.
      }
    } while await bell.wait(atMost: .seconds(5))
    return false
  }

  /// Looks at the feed, and marks it if its time has run out.
  private func look(_ rules: OfficeHoursInForce, after last: Look) async throws -> Look {
    let isAway = state.snapshot.feedsAway.contains(feed.description.name)
    return try await connected { session in
      try register(&session)
      guard isAway else { return try look(rules, after: last, &session) }
      // Marked once: where another daemon reads it, what it brings there takes the mark back.
      if last.isAway { return last }
      let marks = try FeedRegister.stall(feed.description.name, on: &session)
      return Look(hasMarked: marks || last.hasMarked, isAway: true)
    }
  }

  /// Has it known that the feed is served.
  private func register(_ session: inout Session) throws {
    try FeedRegister.register(
      feed.description.name, source: feed.description.source.text, now: clock.now(), on: &session)
  }

  private func connected<R: Sendable>(_ body: @Sendable (inout Session) throws -> R) async throws -> R {
    let connection = try await database.connect(.ask)
    let result = await Result { try await connection.run(body) }
    await connection.close()
    return try result.get()
  }

  private func look(_ rules: OfficeHoursInForce, after last: Look, _ session: inout Session) throws -> Look {
    let name = feed.description.name
    if last.isAway { _ = try FeedRegister.clear(name, on: &session) }
    guard let silence = feed.silence else {
      // A mark from when it had one; nothing is written otherwise.
      if try FeedRegister.isStalled(name, on: &session) { try clear(nil, nil, &session) }
      return Look()
    }
    let calendar = try rules.calendar(&session)
    let now = clock.now()
    let entry = try FeedRegister.look(at: name, source: feed.description.source.text, now: now, on: &session)
    let end = silence.runsOut(since: entry.quietSince, calendar)
    if let end, end <= now {
      if entry.isStalled { return Look(hasMarked: last.hasMarked) }
      let marks = try FeedRegister.stall(name, as: entry, on: &session)
      if marks { sayStalled(entry, silence, calendar) }
      return Look(hasMarked: marks)
    }
    if entry.isStalled { try clear(entry, calendar, &session) }
    return Look(next: end)
  }

  private func clear(_ entry: FeedRegister.Entry?, _ calendar: WorkCalendar?, _ session: inout Session) throws {
    let name = feed.description.name
    guard try FeedRegister.clear(name, on: &session) else { return }
    say(
      .feedResumed, .notice,
      "Feed \(name) counts as silent no longer: by the settings and rules of now its time has not run out.", entry,
      calendar)
  }

  private func sayStalled(_ entry: FeedRegister.Entry, _ silence: Silence, _ calendar: WorkCalendar?) {
    let zone = calendar?.zone ?? .utc
    let what =
      entry.lastReceivedAt.map { "last at \($0.rfc3339(in: zone))" } ?? "and nothing before either"
    say(
      .feedStalled, .warning,
      "Feed \(feed.description.name) has brought nothing for \(silence), \(what): its cases may have moved on unseen.",
      entry, calendar)
  }

  private func say(
    _ event: Journal.LogEvent, _ priority: LogPriority, _ message: String, _ entry: FeedRegister.Entry?,
    _ calendar: WorkCalendar?
  ) {
    var record = LogRecord(time: clock.microseconds(), priority: priority, event: event, message: message)
    record.set("feed", .text(feed.description.name))
    if let at = entry?.lastReceivedAt {
      record.set("last_received_at", .text(at.rfc3339(in: calendar?.zone ?? .utc)))
    }
    if let silence = feed.silence { record.set("silence", .text(silence.description)) }
    _ = log.write(record)
  }
}

/// The main calendar of the rules in force, that of the policy's first commitment; read again only when others are.
final class OfficeHoursInForce: Sendable {
  private struct Known {
    var policy: Int64
    var calendar: Int64
    var main: WorkCalendar?
  }

  private let known = Mutex<Known?>(nil)

  func calendar(_ session: inout Session) throws -> WorkCalendar? {
    let (policy, calendar) = try Rules.numbersInForce(&session)
    if let known = known.withLock({ $0 }), known.policy == policy, known.calendar == calendar { return known.main }
    guard let (inForce, rulebook) = try RuleLoader.load(&session) else { return nil }
    let main = rulebook.mainCalendar
    known.withLock { $0 = Known(policy: inForce.policyID, calendar: inForce.calendarID, main: main) }
    return main
  }
}

extension Rulebook {
  /// The main calendar: that of the policy's first commitment.
  public var mainCalendar: WorkCalendar? { policy.commitments.first.flatMap { calendars[$0.calendar] } }
}

extension Result where Failure == any Error {
  /// What an asynchronous body gives or throws.
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
