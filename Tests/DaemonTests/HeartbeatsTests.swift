import Testing

@testable import Daemon

/// Which loops count as hanging.
@Suite struct HeartbeatsTests {
  /// A limit that has run out at once: no test waits for it.
  private let past = Duration.seconds(-1)

  @Test func whoWorksTooLongIsOverdue() {
    let beats = Heartbeats(limit: past)
    let (one, other) = (beats.loop("one"), beats.loop("another"))
    // Nothing is known of a loop that has not begun.
    #expect(beats.overdue == [])
    one.beat()
    #expect(beats.overdue == ["one"])
    other.beat()
    #expect(beats.overdue == ["another", "one"])
    other.end()
    #expect(beats.overdue == ["one"])
  }

  @Test func whoWaitsForTheDatabaseIsNot() {
    let beats = Heartbeats(limit: past)
    let loop = beats.loop("leader")
    loop.beat()
    loop.away()
    #expect(beats.overdue == [])
    loop.beat()
    #expect(beats.overdue == ["leader"])
  }

  /// Calls to a database end by themselves; a turn that does not is no waiting.
  @Test func whoNeverComesBackFromTheDatabaseIs() {
    let beats = Heartbeats(limit: .seconds(60), longest: past)
    let loop = beats.loop("leader")
    loop.away()
    #expect(beats.overdue == ["leader"])
    loop.beat()
    #expect(beats.overdue == [])
  }

  @Test func aWaitOfItsOwnIsAllowed() {
    let beats = Heartbeats(limit: past)
    let loop = beats.loop("feed")
    loop.beat(within: .seconds(60))
    #expect(beats.overdue == [])
    loop.beat(within: .milliseconds(500))
    #expect(beats.overdue == ["feed"])
  }

  /// The whole process stood still for a minute.
  @Test func aProcessThatStoodStillIsPardoned() {
    let beats = Heartbeats(limit: past)
    let (working, away) = (beats.loop("feed"), beats.loop("leader"))
    working.beat()
    away.away()
    beats.pardon(.seconds(60))
    #expect(beats.overdue == [])
  }

  /// Two of one name, one of which goes on.
  @Test func oneNameIsNamedOnce() {
    let beats = Heartbeats(limit: past)
    for _ in 0..<2 { beats.loop("log").beat() }
    #expect(beats.overdue == ["log"])
  }
}
