import ServiceLifecycle

/// The absence alarm among the services of a daemon.
struct AbsenceService: Service {
  let alarm: AbsenceAlarm
  let clock: any WallClock

  func run() async throws { await alarm.run(on: clock) }
}
