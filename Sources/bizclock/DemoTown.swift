import Glibc
import ServiceTime
import Simulator

/// The demo's town: cases from before and after the promises were tightened, and the last half year.
struct DemoTown {
  let seed: UInt64
  let calendar: WorkCalendar
  /// When the demo's clock starts.
  let start: Instant

  /// What happened before the demo starts, in a file, and the events that follow.
  struct History {
    var path: String
    var rest: ChronologicalEvents
  }

  func history(in folder: String) throws -> History {
    let path = folder + "/history.ndjson"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CommandFailure.io("\(path) cannot be written")
    }
    defer { close(file) }
    // Around 2019-01-01, when the limits went from 5 working days to 2 and from 45 days to 7. Nearly all
    // that began then has ended since.
    var finished = Scenario.usual
    finished.lastStart = CivilDate(year: 2019, month: 3, day: 31)
    finished.unansweredCorrections = 0
    var early = ChronologicalEvents(
      simulator(seed &+ 1, cases: 1_500, from: (2018, 10, 8), to: (2019, 12, 31), finished))
    var encoder = EventLineEncoder(zone: calendar.zone)
    var bytes: [UInt8] = []
    while let event = early.next() { encoder.append(event, to: &bytes) }
    // Half a year up to the start; the simulation goes on to the calendar's horizon.
    var late = ChronologicalEvents(simulator(seed, cases: 12_000, from: (2026, 3, 2), to: (2026, 12, 28), .usual))
    var rest = late
    while let event = late.next(), event.occurredAt < start {
      encoder.append(event, to: &bytes)
      rest = late
    }
    guard bytes.withUnsafeBytes({ Terminal.write($0, to: file) }) else {
      throw CommandFailure.io("\(path) cannot be written")
    }
    return History(path: path, rest: rest)
  }

  private func simulator(
    _ seed: UInt64, cases: Int, from: (Int, Int, Int), to: (Int, Int, Int), _ scenario: Scenario
  ) -> Simulator {
    Simulator(
      seed: seed, cases: cases, from: CivilDate(year: from.0, month: from.1, day: from.2),
      to: CivilDate(year: to.0, month: to.1, day: to.2), calendar: calendar, scenario: scenario)
  }
}
