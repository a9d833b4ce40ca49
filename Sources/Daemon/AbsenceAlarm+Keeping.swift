import Journal
import Ledger
import LibPQ
import ServiceTime

extension AbsenceAlarm {
  /// How often at most what is watched is written to its file.
  private static let saveEvery = Duration.seconds(30)
  /// Told alerts settled by one transaction.
  private static let page = 1_000

  private struct Keeper {
    var hasRead = false
    var readNext = ContinuousClock.now
    var savedVersion = -1
    var saveNext = ContinuousClock.now
    /// Whether the list was written since the database was lost.
    var hasSavedLoss = false
    var isFileThere = true
    var settleNext = ContinuousClock.now
    var settlePause = Duration.seconds(1)
  }

  /// Keeps the list of levels to come up to date and in its file, and settles what was told.
  func keep(_ clock: any WallClock, _ bell: Doorbell) async {
    var keeper = Keeper()
    repeat {
      let known = known
      if known.part == .standby { leave(&keeper, clock.now()) }
      if known.part == .leading { save(&keeper, known, clock.now()) }
      if known.part == .leading, !known.isLost { await read(&keeper, clock.now()) }
      if known.part != .starting, !known.isLost, !journal.isEmpty { await settle(&keeper, clock.now()) }
    } while await bell.wait(atMost: .seconds(1))
    let known = known
    keeper.saveNext = .now
    if known.part == .leading { save(&keeper, known, clock.now()) }
  }

  /// Another daemon leads: what this one would tell after a restart is not true any more.
  private func leave(_ keeper: inout Keeper, _ now: Instant) {
    keeper.hasRead = false
    guard keeper.isFileThere, let directory = files else { return }
    keeper.isFileThere = false
    keeper.savedVersion = -1
    do throws(StateFile.Failure) { try WatchFile(directory: directory).remove() } catch { say("\(error).", now) }
  }

  private func save(_ keeper: inout Keeper, _ known: Duty, _ now: Instant) {
    if !known.isLost { keeper.hasSavedLoss = false }
    let isUrgent = known.isLost && !keeper.hasSavedLoss
    guard let directory = files, keeper.hasRead, isUrgent || .now >= keeper.saveNext else { return }
    keeper.hasSavedLoss = known.isLost
    let version = levels.version
    guard version != keeper.savedVersion else { return }
    let begun = ContinuousClock.now
    do throws(StateFile.Failure) {
      try WatchFile(directory: directory).save(levels.contents, known.words, at: now)
      keeper.savedVersion = version
      keeper.isFileThere = true
    } catch {
      say("After a restart without the database, levels to come may not be known: \(error).", now)
    }
    // However long the list is: a hundredth of the time at most.
    keeper.saveNext = .now + max(AbsenceAlarm.saveEvery, (.now - begun) * 100)
  }

  private func read(_ keeper: inout Keeper, _ now: Instant) async {
    guard .now >= keeper.readNext, levels.wantsReading(now: now) else { return }
    let begun = ContinuousClock.now
    let (levels, retrospectiveAfter) = (levels, retrospectiveAfter.load(ordering: .relaxed))
    do {
      let connection = try await database.connect(.ask)
      let isTaken = try await connection.run {
        try levels.read(&$0, now: now, retrospectiveAfter: retrospectiveAfter)
      }
      await connection.close()
      if isTaken {
        keeper.hasRead = true
        keeper.saveNext = min(keeper.saveNext, .now + .seconds(1))
        tellReach(now)
      }
    } catch {
      // A database that is away is the leader's to tell.
      if !((error as? PostgresError)?.isRetryable ?? true) {
        say("The levels to come cannot be read, so none is told when the database is away: \(error).", now)
      }
    }
    // However long the list is: a fiftieth of the time at most.
    keeper.readNext = .now + max(.seconds(2), (.now - begun) * 50)
  }

  private func tellReach(_ now: Instant) {
    let contents = levels.contents
    guard contents.until < now + LevelWatch.horizon else { return }
    say(
      "More than \(levels.capacity) levels are reached within a day: those after the first \(contents.count) are not "
        + "told on their instants if the database goes away meanwhile.", now, .notice)
  }

  private func settle(_ keeper: inout Keeper, _ now: Instant) async {
    guard .now >= keeper.settleNext else { return }
    var rest = journal.open[...]
    var settled: [AlertID] = []
    do {
      let connection = try await database.connect(.ask)
      while !rest.isEmpty {
        let page = Array(rest.prefix(AbsenceAlarm.page))
        rest = rest.dropFirst(page.count)
        let outcome = try await connection.run { try UnrecordedAlerts.settle(page, now: now, &$0) }
        settled += outcome.settled
      }
      await connection.close()
    } catch {
      if !((error as? PostgresError)?.isRetryable ?? true) {
        say("Alerts that were told while the database was away cannot be settled: \(error).", now)
      }
    }
    // Once: the file is written whole.
    if let trouble = journal.remove(settled) { say(trouble, now) }
    keeper.settlePause = !settled.isEmpty ? .seconds(1) : min(keeper.settlePause * 2, .seconds(10))
    keeper.settleNext = .now + keeper.settlePause
  }
}
