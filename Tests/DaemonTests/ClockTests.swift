import ServiceTime
import Testing

@testable import Daemon

/// Clocks that wake whoever waits for an instant: the system's, and the demo's faster one.
@Suite struct ClockTests {
  @Test func theSystemClockWakesAtItsInstantAndNotBefore() async throws {
    let clock = SystemClock()
    let instant = clock.now() + 50_000
    let woken = await ClockTests.wait(clock, for: instant)
    #expect(woken >= instant)
  }

  @Test func anInstantLongPastWakesAtOnce() async throws {
    let clock = SystemClock()
    _ = await ClockTests.wait(clock, for: Instant(microseconds: -1))
  }

  @Test func aNewInstantTakesThePlaceOfTheOneBefore() async throws {
    let clock = SystemClock()
    let never = Doorbell()
    clock.arm(at: clock.now() + 3_600_000_000) { never.silence() }
    let instant = clock.now() + 20_000
    #expect(await ClockTests.wait(clock, for: instant) >= instant)
    #expect(!never.isSilenced)
  }

  /// An hour of the fast clock's passes in a hundredth of a second; it has really come when it wakes.
  @Test func theAcceleratedClockHasReachedWhatItWakesFor() async throws {
    let clock = AcceleratedClock(start: Instant(microseconds: 1_000_000), speed: 360_000)
    let instant = Instant(microseconds: 1_000_000 + 3_600_000_000)
    #expect(await ClockTests.wait(clock, for: instant) >= instant)
  }

  @Test func theManualClockWakesWhenItIsMoved() async throws {
    let clock = ManualClock(Instant(microseconds: 0))
    let bell = Doorbell()
    clock.arm(at: Instant(microseconds: 10)) { bell.silence() }
    clock.advance(to: Instant(microseconds: 9))
    #expect(!bell.isSilenced)
    clock.advance(by: 1)
    #expect(bell.isSilenced)
  }

  /// The alarm may go off before the wait has begun: no wait is without end.
  @Test func theShortestWaitEnds() async throws {
    try await TestDeadline.within(.seconds(60), "short waits to end") {
      let bell = Doorbell()
      for _ in 0..<20_000 { _ = await bell.wait(atMost: .zero) }
    }
  }

  /// Waits until a clock calls, and gives its reading then.
  private static func wait(_ clock: any WallClock, for instant: Instant) async -> Instant {
    let bell = Doorbell()
    clock.arm(at: instant) { bell.silence() }
    while await bell.wait(atMost: .seconds(10)) {}
    return clock.now()
  }
}
