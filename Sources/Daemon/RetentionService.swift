import Feeds
import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime
import Settings

/// Deletes once a day what was dealt with long ago, as the configuration says, and tells it in one line: quarantine
/// entries by the daemon that leads, files of `done/` by the one whose spool it is.
struct RetentionService: Service {
  let database: DatabaseSource
  let settings: @Sendable () -> RetentionSettings
  /// The spool directories of now.
  let directories: @Sendable () -> [String]
  let clock: any WallClock
  let log: any LogSink
  let state: DaemonState
  let stop = Doorbell()

  /// What was deleted.
  struct Outcome: Sendable, Equatable {
    var entries = 0
    var files = 0
    var bytes: Int64 = 0
    var problems: [String] = []
  }

  func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      var done = Done()
      repeat { await runOnce(now: clock.now(), &done) } while await stop.wait(atMost: .seconds(600))
    } onCancelOrGracefulShutdown: {
      stop.silence()
    }
  }

  /// The dates on which each part was last done.
  struct Done: Sendable {
    var quarantine: CivilDate?
    var files: CivilDate?
  }

  /// Does what is left to do today.
  func runOnce(now: Instant, _ done: inout Done) async {
    let today = TimeZoneTable.utc.date(of: now)
    let settings = settings()
    var outcome = Outcome()
    if let time = settings.done, done.files != today {
      await clearSpools(before: now + -time, &outcome)
      // Told once a day; what could not be deleted is tried again on the next.
      if !stop.isSilenced { done.files = today }
    }
    // Another daemon that leads does it; one that comes to lead today does it then, and finds it done.
    if let time = settings.quarantine, done.quarantine != today, state.snapshot.role == .leading,
      await clearQuarantine(before: now + -time, &outcome)
    {
      done.quarantine = today
    }
    tell(outcome, at: now)
  }

  private func clearSpools(before moment: Instant, _ outcome: inout Outcome) async {
    for directory in directories() {
      var more = true
      while more, !stop.isSilenced {
        let part = SpoolKeeping(path: directory).clear(before: Int(moment.microseconds / 1_000_000))
        outcome.files += part.files
        outcome.bytes += part.bytes
        if let problem = part.problem { outcome.problems.append(problem) }
        // Where nothing could be deleted, nothing can be.
        more = part.more && part.files > 0
        await Task.yield()
      }
    }
  }

  /// False if the database did not do it.
  private func clearQuarantine(before moment: Instant, _ outcome: inout Outcome) async -> Bool {
    do {
      let connection = try await database.connect(.ask)
      var count = 1
      var total = 0
      do {
        while count > 0, !stop.isSilenced {
          count = try await connection.run { try Quarantine.purge(settledBefore: moment, on: &$0) }
          total += count
        }
      } catch {
        await connection.close()
        outcome.entries = total
        throw error
      }
      await connection.close()
      outcome.entries = total
      return true
    } catch {
      // A database that is away is the leader's to tell; it is asked again.
      if let error = error as? PostgresError, !error.isRetryable { outcome.problems.append("\(error)") }
      return false
    }
  }

  private func tell(_ outcome: Outcome, at now: Instant) {
    if outcome.entries > 0 || outcome.files > 0 {
      var record = LogRecord(
        time: now.microseconds, priority: .info,
        message: "Deleted by the configured retention: \(outcome.entries) settled quarantine entries, "
          + "\(outcome.files) files of done/ (\(outcome.bytes) bytes).")
      record.set("entries", .integer(Int64(outcome.entries)))
      record.set("files", .integer(Int64(outcome.files)))
      record.set("bytes", .integer(outcome.bytes))
      _ = log.write(record)
    }
    for problem in outcome.problems {
      _ = log.write(LogRecord(time: now.microseconds, priority: .warning, message: "Retention: \(problem)"))
    }
  }
}
