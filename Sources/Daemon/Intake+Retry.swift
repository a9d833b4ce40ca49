import Feeds
import Ledger
import LibPQ
import ServiceTime

/// What is to be read again, and by whose settings.
public struct RetryRequest: Sendable {
  /// The entries.
  public var selection: Quarantine.Selection
  /// The feeds as they are configured now, by name.
  public var feeds: [String: FeedDescription]
  /// A feed whose settings are used for all; nil uses each entry's own.
  public var substitute: FeedDescription?
  /// Who asked.
  public var by: String
  /// Whether all of it is history.
  public var history: Bool

  /// A request.
  public init(
    selection: Quarantine.Selection, feeds: [String: FeedDescription], substitute: FeedDescription? = nil,
    by: String, history: Bool = false
  ) {
    self.selection = selection
    self.feeds = feeds
    self.substitute = substitute
    self.by = by
    self.history = history
  }
}

/// What became of entries read again.
public struct RetryReport: Sendable {
  /// New and known events; `quarantined` counts the entries that stay open.
  public var outcome = AppendOutcome()
  /// Entries that are open no more.
  public var settled = 0
  /// The first of those that stay, with the reason.
  public var stays: [Retry.Stay] = []
  /// Feeds that are not configured any more, with their open entries.
  public var unconfigured: [(feed: String, entries: Int64)] = []

  /// Most entries of which the reason is kept.
  public static let mostStays = 20

  /// All entries that were asked for and open.
  public var entries: Int { settled + outcome.quarantined }

  mutating func add(_ step: Retry.Step) {
    outcome += step.outcome
    settled += step.settled
    stays += step.stays.prefix(max(0, RetryReport.mostStays - stays.count))
  }
}

extension Intake {
  /// Reads open entries again, page by page, each page in one transaction, until its outcome is known.
  func retry(_ request: RetryRequest, progress: @Sendable (AppendOutcome) -> Void = { _ in }) async throws
    -> RetryReport
  {
    var report = RetryReport()
    let selection = request.selection
    let backlog = try await surely { try Quarantine.backlog(selection, &$0) }
    for (feed, entries) in backlog.feeds {
      guard let description = request.substitute ?? request.feeds[feed] else {
        report.unconfigured.append((feed, entries))
        report.outcome.quarantined += Int(entries)
        continue
      }
      var chosen = selection
      chosen.feed = feed
      let order = Retry.Order(
        selection: chosen, feed: (description.name, description.source.text), by: request.by,
        history: request.history, notesRefusals: request.substitute == nil || description.name == feed)
      var after: Int64 = 0
      while true {
        try Task.checkCancellation()
        let from = after
        guard
          let step = try await surely({ try self.retryStep(order, description, from, backlog.through, &$0) })
        else { break }
        after = step.last
        report.add(step)
        progress(report.outcome)
      }
    }
    return report
  }

  private func retryStep(
    _ order: Retry.Order, _ description: FeedDescription, _ after: Int64, _ through: Int64,
    _ session: inout Session
  ) throws -> Retry.Step? {
    var feed = description
    if !feed.knownProcesses.isEmpty, let known = try processes.inForce(&session) { feed.knownProcesses = known }
    let now = clock.now()
    let calendar = feed.exchange == nil ? nil : try officeHours.calendar(&session)
    let reader = EntryReader(feed, now: now, calendar: calendar)
    return try appender.retry(order, after: after, through: through, now: now, on: &session) {
      Retry.Reading(reader.read($0))
    }
  }

  /// Runs a step on the connection, again until its outcome is known or the bell is silenced, which cancels it.
  func surely<R: Sendable>(
    until bell: Doorbell = Doorbell(), _ step: @Sendable (inout Session) throws -> R
  ) async throws -> R {
    var watch = DatabaseWatch(clock: clock, log: log)
    while true {
      do {
        let connection = try await connected()
        let result = try await connection.run { try step(&$0) }
        watch.found()
        return result
      } catch let error as PostgresError where error.isRetryable {
        try Task.checkCancellation()
        try await recover(error, &watch, bell)
        if bell.isSilenced { throw CancellationError() }
      }
    }
  }
}

extension Loading {
  /// Reads entries of the quarantine again, and returns when what they gave is projected.
  public func retry(
    _ request: RetryRequest, progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> RetryReport {
    try await projecting(progress) {
      let intake = Intake(database: database, clock: clock, log: log)
      let report = try await intake.retry(request) { progress(.loaded($0)) }
      await intake.close()
      return report
    } position: {
      $0.outcome.position
    }
  }
}
