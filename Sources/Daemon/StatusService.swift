import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime
import Synchronization

/// Tells the service manager in a line how the daemon fares: every ten seconds, and when its part changes.
struct StatusService: Service {
  let database: DatabaseSource
  let state: DaemonState
  let notifier: ServiceNotifier
  let clock: any WallClock
  let heart: Heartbeat

  private static let period = Duration.seconds(10)
  /// After how long without an answer the database counts as silent.
  private static let patience = Duration.seconds(5)

  /// What the database told last.
  private struct Known: Sendable {
    var figures = StatusLine.Figures()
    /// When it was asked what it has not answered yet.
    var asked: (instant: Instant, at: ContinuousClock.Instant)?
  }

  private final class Notes: Sendable {
    let known = Mutex(Known())
  }

  func run() async throws {
    if notifier.isNeeded {
      await cancelWhenGracefulShutdown {
        let notes = Notes()
        await withTaskGroup(of: Void.self) { group in
          group.addTask { await ask(notes) }
          group.addTask { await tell(notes) }
        }
      }
    }
    heart.end()
    // A service that returns ends the others.
    try? await gracefulShutdown()
  }

  /// Asks for the figures, again and again.
  private func ask(_ notes: Notes) async {
    let rules = OfficeHoursInForce()
    var countAt = ContinuousClock.now
    while !Task.isCancelled {
      heart.away()
      let (counts, now) = (countAt <= .now, clock.now())
      notes.known.withLock { $0.asked = (now, .now) }
      if let found = try? await look(rules, counts) {
        notes.known.withLock { known in
          let open = found.figures.openClocks ?? known.figures.openClocks
          known.figures = found.figures
          known.figures.openClocks = open
          known.asked = nil
        }
        // At most a hundredth of the time is spent on counting.
        if let took = found.counting { countAt = .now + max(.seconds(60), took * 100) }
      }
      heart.beat(within: StatusService.period)
      // Where the first answer brings the leader's part, the next comes soon.
      try? await Task.sleep(for: state.snapshot.isReady ? StatusService.period : .seconds(1))
    }
  }

  private func look(_ rules: OfficeHoursInForce, _ counts: Bool) async throws -> (
    figures: StatusLine.Figures, counting: Duration?
  ) {
    let connection = try await database.connect(.ask)
    let answer = try? await connection.run { session in
      guard let pulse = try ServiceFigures.pulse(&session) else { throw DatabaseFault.noSchema }
      let zone = try rules.calendar(&session)?.zone
      var figures = StatusLine.Figures(behind: pulse.behind, nextLevel: pulse.nextLevel, zone: zone ?? .utc)
      guard counts else { return (figures, Duration?.none) }
      let begun = ContinuousClock.now
      figures.openClocks = try ServiceFigures.openClocks(&session)
      return (figures, ContinuousClock.now - begun)
    }
    await connection.close()
    guard let answer else { throw CancellationError() }
    return answer
  }

  /// Tells the line, at most once a second.
  private func tell(_ notes: Notes) async {
    var awaySince: Instant?
    // At the start nothing is amiss yet.
    await wait(atMost: .seconds(2)) { $0.role != .unknown }
    while !Task.isCancelled {
      let seen = state.snapshot
      let known = notes.known.withLock { $0 }
      let isSilent = known.asked.map { ContinuousClock.now - $0.at > StatusService.patience } ?? false
      if seen.role != .unknown, !isSilent {
        awaySince = nil
      } else if awaySince == nil {
        awaySince = isSilent ? known.asked?.instant : clock.now()
      }
      notifier.status(StatusLine.text(seen, known.figures, awaySince: awaySince))
      try? await Task.sleep(for: .seconds(1))
      // The daemon's part, its feeds or its configuration are others.
      await wait(atMost: StatusService.period) { now in
        now.role != seen.role || now.isReady != seen.isReady || now.feeds != seen.feeds
          || now.refusal != seen.refusal
      }
    }
  }

  /// Waits until a condition holds of what is known, or the time has run out.
  private func wait(
    atMost time: Duration, until condition: @escaping @Sendable (DaemonState.Snapshot) -> Bool
  ) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await state.wait(until: condition) }
      group.addTask { try? await Task.sleep(for: time) }
      await group.next()
      group.cancelAll()
    }
  }
}

/// The line that `systemctl status` shows.
enum StatusLine {
  /// What only the database knows.
  struct Figures: Sendable, Equatable {
    /// Events not projected yet; nil until it was asked.
    var behind: Int64?
    /// Clocks that run or are paused.
    var openClocks: Int64?
    /// The next level's instant, and the zone to show it in.
    var nextLevel: Instant?
    var zone = TimeZoneTable.utc
  }

  /// A line of what is known; `awaySince` is set while the database does not answer.
  static func text(_ known: DaemonState.Snapshot, _ figures: Figures, awaySince: Instant?) -> String {
    var parts: [String] = []
    if let awaySince {
      parts.append("database away since \(awaySince.rfc3339(in: figures.zone))")
    } else {
      parts.append(known.role == .leading ? "leads" : "stands by")
      if let behind = figures.behind { parts.append(count(behind, "event") + " behind") }
      if let open = figures.openClocks { parts.append(count(open, "open clock")) }
    }
    parts.append(count(Int64(known.feeds.count), "feed"))
    if awaySince == nil, let next = figures.nextLevel {
      parts.append("next level \(next.rfc3339(in: figures.zone))")
    }
    if let refusal = known.refusal { parts.append(refusal) }
    return parts.joined(separator: "; ")
  }

  private static func count(_ number: Int64, _ noun: String) -> String {
    let digits = String(number)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { grouped += "," }
      grouped.append(digit)
    }
    return "\(grouped) \(noun)\(number == 1 ? "" : "s")"
  }
}
