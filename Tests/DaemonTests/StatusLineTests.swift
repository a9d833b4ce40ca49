import ServiceTime
import Testing

@testable import Daemon

/// What `systemctl status` shows.
@Suite struct StatusLineTests {
  typealias Role = DaemonState.Snapshot.Role

  @Test(arguments: [
    (
      Role.leading, 0, 1_234, 2,
      "leads; 0 events behind; 1,234 open clocks; 2 feeds; next level 2026-11-25T17:30:00Z"
    ),
    (Role.standby, 1, 1, 1, "stands by; 1 event behind; 1 open clock; 1 feed; next level 2026-11-25T17:30:00Z"),
    (
      Role.leading, 12_345_678, 999, 0,
      "leads; 12,345,678 events behind; 999 open clocks; 0 feeds; next level 2026-11-25T17:30:00Z"
    ),
  ])
  func figures(role: Role, behind: Int, open: Int, feeds: Int, line: String) {
    let figures = StatusLine.Figures(
      behind: Int64(behind), openClocks: Int64(open), nextLevel: Instant(rfc3339: "2026-11-25T17:30:00Z"))
    #expect(StatusLine.text(known(role, feeds), figures, awaySince: nil) == line)
  }

  @Test func whatIsNotKnownIsLeftOut() {
    #expect(StatusLine.text(known(.leading, 2), StatusLine.Figures(), awaySince: nil) == "leads; 2 feeds")
  }

  @Test func aDatabaseThatIsAwayIsSaid() {
    let figures = StatusLine.Figures(behind: 3, openClocks: 5, nextLevel: Instant(rfc3339: "2026-11-25T17:30:00Z"))
    let since = Instant(rfc3339: "2026-11-24T18:40:00Z")
    #expect(
      StatusLine.text(known(.unknown, 2), figures, awaySince: since)
        == "database away since 2026-11-24T18:40:00Z; 2 feeds")
  }

  @Test func aRefusedConfigurationIsSaid() {
    var known = known(.standby, 1)
    known.refusal = "configuration refused"
    #expect(
      StatusLine.text(known, StatusLine.Figures(), awaySince: nil) == "stands by; 1 feed; configuration refused")
  }

  private func known(_ role: Role, _ feeds: Int) -> DaemonState.Snapshot {
    var known = DaemonState.Snapshot()
    known.role = role
    known.feeds = Set((0..<feeds).map { "feed\($0)" })
    return known
  }
}
