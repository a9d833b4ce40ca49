import Feeds
import Ledger
import LibPQ
import ServiceTime

extension Intake {
  /// How a feed's rows are understood now: with the processes of the policy and the main calendar in force.
  func decoder(of feed: FeedDescription, _ exchange: ExchangeDescription, _ stop: Doorbell) async throws
    -> ExchangeDecoder
  {
    let (known, calendar) = try await surely(until: stop) {
      (try self.processes.inForce(&$0), try self.officeHours.calendar(&$0))
    }
    var feed = feed
    if !feed.knownProcesses.isEmpty, let known { feed.knownProcesses = known }
    return ExchangeDecoder(feed: feed, exchange: exchange, calendar: calendar)
  }

  /// How far a table of a feed has been read.
  func position(of feed: FeedDescription, _ table: ExchangeTable, _ stop: Doorbell) async throws
    -> ExchangeRegister.Position
  {
    let (source, now) = (feed.source.text, clock.now())
    return try await surely(until: stop) {
      try ExchangeRegister.position(source: source, table: table.rawValue, now: now, on: &$0)
    }
  }

  /// The guids of rows of a table whose planned ends have come, at most so many.
  func ended(
    of feed: FeedDescription, _ table: ExchangeTable, atMost limit: Int, _ stop: Doorbell
  ) async throws -> [String] {
    let (source, now) = (feed.source.text, clock.now())
    return try await surely(until: stop) {
      try ExchangeRegister.ended(source: source, table: table.rawValue, now: now, atMost: limit, on: &$0)
    }
  }

  /// Takes in a page of rows; returns once it is committed.
  func take(_ page: ExchangePage, _ stop: Doorbell) async throws -> ExchangeOutcome {
    heart?.away()
    let begun = ContinuousClock.now
    let outcome = try await surely(until: stop) { try self.appender.append(page, on: &$0) }
    guard outcome.new + outcome.changed > 0 else { return outcome }
    metrics.appended(outcome.append, feed: page.feed, in: ContinuousClock.now - begun)
    if outcome.append.hasResumed { sayResumed(page.feed, outcome.append) }
    growth?[page.feed, default: QuarantineGrowth()].add(outcome.append.quarantined, of: page.table)
    await tellGrowth(of: page.feed)
    return outcome
  }
}
