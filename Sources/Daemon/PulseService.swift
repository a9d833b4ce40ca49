import Glibc
import Journal
import ServiceLifecycle

/// Feeds the service manager's watchdog while every loop goes round, and names in the log the one that hangs before it
/// ceases to; asks for more time while the daemon finishes what is in hand at its end.
///
/// It runs on a thread of its own: where all of Swift's are held up, it can still say so. The database has no part in
/// it.
struct PulseService: Service {
  let beats: Heartbeats
  let notifier: ServiceNotifier
  /// After how long without a ping the manager gives the daemon up; nil if it does not watch.
  let interval: Duration?
  /// Silenced when the daemon was told to stop.
  let stopping: Doorbell
  let clock: any WallClock
  let log: any LogSink

  /// How long a stop may be drawn out. A server that is frozen, not dead, is given up after 70 s.
  private static let longestStop = Duration.seconds(180)

  func run() async throws {
    let end = Doorbell()
    BackgroundThread { pulse(until: end) }.start()
    try? await gracefulShutdown()
    end.silence()
  }

  private func pulse(until end: Doorbell) {
    let period = interval.map { min($0 / 2, .seconds(5)) } ?? .seconds(5)
    var hanging: [String] = []
    var stoppedAt: ContinuousClock.Instant?
    while !end.isSilenced {
      let overdue = beats.overdue
      if overdue.isEmpty, interval != nil { notifier.watchdog() }
      if overdue != hanging { say(overdue) }
      hanging = overdue
      if stopping.isSilenced {
        let since = stoppedAt ?? .now
        stoppedAt = since
        // The daemon is at work, or waits for the database's last word.
        if overdue.isEmpty, ContinuousClock.now - since < PulseService.longestStop {
          notifier.extendTimeout(microseconds: 30_000_000)
        }
      }
      rest(for: period, until: end)
    }
  }

  /// Waits; a process that was stopped meanwhile, or a machine that slept, is not taken for loops that hang.
  private func rest(for period: Duration, until end: Doorbell) {
    let step = min(period, .milliseconds(200))
    let begun = ContinuousClock.now
    let wasStopping = stopping.isSilenced
    while !end.isSilenced, ContinuousClock.now - begun < period {
      usleep(UInt32(step / .microseconds(1)))
      if stopping.isSilenced, !wasStopping { return }
    }
    let late = ContinuousClock.now - begun - period
    if late > .seconds(1) { beats.pardon(late) }
  }

  private func say(_ overdue: [String]) {
    let isWell = overdue.isEmpty
    let names = overdue.joined(separator: ", ")
    // First to the manager: the log itself may be what hangs.
    if !isWell { notifier.status("hangs: \(names)") }
    var record = LogRecord(
      time: clock.microseconds(), priority: isWell ? .notice : .critical, event: isWell ? nil : .serviceHangs,
      message: isWell
        ? "All parts of the daemon go on again."
        : "A part of the daemon hangs: \(names). "
          + (interval == nil
            ? "If it does not go on, restart the daemon." : "The watchdog is not fed until it goes on."))
    if !isWell { record.set("hangs", .text(names)) }
    _ = log.write(record)
  }
}

/// Tells the other parts and the service manager that the end has begun: the last of the services, and so the first to
/// be told.
struct StoppingService: Service {
  let notifier: ServiceNotifier
  let stopping: Doorbell

  func run() async throws {
    try? await gracefulShutdown()
    notifier.stopping(status: "finishing what is in hand")
    stopping.silence()
  }
}
