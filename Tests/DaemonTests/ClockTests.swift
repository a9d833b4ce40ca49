import ServiceTime
import Synchronization
import TestSupport
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

  /// Several services on one clock, each woken for its own instant and left alone for those of others.
  @Test func aSharedAlarmWakesEachForItsOwn() async throws {
    let clock = ManualClock(Instant(microseconds: 0))
    let alarm = SharedAlarm(clock)
    let (one, two) = (alarm.face(), alarm.face())
    let (early, late) = (Doorbell(), Doorbell())
    func at(_ microseconds: Int64) -> Instant { Instant(microseconds: microseconds) }
    one.arm(at: at(10)) { early.silence() }
    two.arm(at: at(20)) { late.silence() }
    #expect(clock.armed == at(10))
    clock.advance(to: at(19))
    #expect(early.isSilenced && !late.isSilenced)
    // Whoever was woken takes his call back; the other's stands.
    one.arm(at: nil) {}
    #expect(clock.armed == at(20))
    clock.advance(to: at(20))
    #expect(late.isSilenced)
    two.arm(at: nil) {}
    #expect(clock.armed == nil)
    // A new call takes the place of one's own only.
    let (never, first) = (Doorbell(), Doorbell())
    one.arm(at: at(30)) { never.silence() }
    two.arm(at: at(25)) { first.silence() }
    one.arm(at: at(40)) { never.silence() }
    #expect(clock.armed == at(25))
    clock.advance(to: at(39))
    #expect(first.isSilenced && !never.isSilenced)
    #expect(two.now() == at(39))
    // An instant that has come already wakes at once, also within the call.
    let now = Doorbell()
    two.arm(at: at(39)) { now.silence() }
    #expect(now.isSilenced)
  }

  /// Who is woken and does not look again keeps nobody from being woken.
  @Test func aSharedAlarmForgetsWhoWasWoken() {
    let clock = ManualClock(Instant(microseconds: 0))
    let alarm = SharedAlarm(clock)
    let (one, two) = (alarm.face(), alarm.face())
    let (early, late) = (Doorbell(), Doorbell())
    one.arm(at: Instant(microseconds: 10)) { early.silence() }
    two.arm(at: Instant(microseconds: 20)) { late.silence() }
    clock.advance(to: Instant(microseconds: 10))
    #expect(early.isSilenced && !late.isSilenced)
    #expect(clock.armed == Instant(microseconds: 20))
    clock.advance(to: Instant(microseconds: 20))
    #expect(late.isSilenced && clock.armed == nil)
  }

  /// With the clock set and nobody's instant come, all look at it anew.
  @Test func aSharedAlarmTellsOfAClockThatWasSet() {
    let clock = StepClock()
    let alarm = SharedAlarm(clock)
    let (one, two) = (alarm.face(), alarm.face())
    let (first, second) = (Doorbell(), Doorbell())
    one.arm(at: Instant(microseconds: 10)) { first.silence() }
    two.arm(at: Instant(microseconds: 20)) { second.silence() }
    clock.step()
    #expect(first.isSilenced && second.isSilenced)
  }

  /// A clock that only tells that it was set.
  private final class StepClock: WallClock {
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    func now() -> Instant { Instant(microseconds: 0) }
    func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }
    func step() { wake.withLock { $0 }?() }
  }

  /// The alarm may go off before the wait has begun: no wait is without end.
  @Test func theShortestWaitEnds() async throws {
    try await TestDeadline.within(TestDeadline.patience, "short waits to end") {
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
