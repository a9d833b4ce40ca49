import Feeds
import Journal
import Ledger
import LibPQ
import ServiceTime

extension Intake {
  /// Takes parcels of a feed in, all in one commit; what became of each.
  ///
  /// Whoever posted waits: a database that is away is not waited for. Only where the connection turns out to be dead, or
  /// the append lock is held by nobody at work, is it tried again.
  func take(_ parcels: [Parcel], of feed: FeedDescription) async -> [Parcel.Outcome] {
    var attempts = 3
    while true {
      attempts -= 1
      do {
        let connection = try await connected()
        let outcomes = try await connection.run { try self.append(parcels, of: feed, &$0) }
        refusal = ""
        return outcomes.map { .taken($0) }
      } catch let error as PostgresError where error.isRetryable {
        guard attempts > 0, error.kind != .unreachable, error.kind != .timeout else {
          await close()
          return parcels.map { _ in .away }
        }
        if !(await freeAppendLock(error)) { await close() }
      } catch is CancellationError {
        return parcels.map { _ in .away }
      } catch {
        await close()
        // One that the ledger refuses must not take the others with it.
        guard parcels.count == 1 else {
          var outcomes: [Parcel.Outcome] = []
          for parcel in parcels { outcomes += await take([parcel], of: feed) }
          return outcomes
        }
        sayRefused(error, feed)
        return [.refused]
      }
    }
  }

  private func append(
    _ parcels: [Parcel], of feed: FeedDescription, _ session: inout Session
  ) throws -> [AppendOutcome] {
    var feed = feed
    if !feed.knownProcesses.isEmpty, let known = try processes.inForce(&session) { feed.knownProcesses = known }
    if bodies?.feed != feed { bodies = BodyReader(feed: feed) }
    let now = clock.now()
    let read = parcels.map { bodies?.read($0.body, $0.form, now: now) ?? FeedBatch() }
    var parts: [Range<Int>] = []
    var events: [Event] = []
    var rejects: [QuarantineEntry] = []
    for (parcel, batch) in zip(parcels, read) {
      parts.append(events.count..<events.count + batch.events.count)
      events += batch.events
      rejects += batch.rejects.map { QuarantineEntry($0, origin: parcel.origin) }
    }
    guard !events.isEmpty || !rejects.isEmpty else { return parcels.map { _ in AppendOutcome() } }
    let places = parts
    let batch = AppendBatch(
      feed: feed.name, source: feed.source.text, events: events,
      original: { index in
        let number = places.firstIndex { $0.contains(index) } ?? 0
        return QuarantineEntry(
          read[number], event: index - places[number].lowerBound, origin: parcels[number].origin)
      }, rejects: rejects, receivedAt: clock.now())
    let begun = ContinuousClock.now
    var (outcome, shares) = try appender.append(batch, parts: parts, on: &session)
    metrics.appended(outcome, feed: feed.name, in: .now - begun)
    noteGrowth(of: feed.name, by: outcome.quarantined, from: Parcel.linesOrigin)
    if outcome.hasResumed { sayResumed(batch.feed, outcome) }
    for index in shares.indices { shares[index].quarantined += read[index].rejects.count }
    return shares
  }

  /// Tells once why the ledger refuses a feed's parcels.
  private func sayRefused(_ error: any Error, _ feed: FeedDescription) {
    guard refusal != "\(error)" else { return }
    refusal = "\(error)"
    _ = log.write(
      LogRecord(
        time: clock.microseconds(), priority: .error,
        message:
          "Feed \(feed.name): the ledger refuses what was posted, and whoever posted it was told so. \(error)",
        fields: ["feed": .text(feed.name)]))
  }
}
