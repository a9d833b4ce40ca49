import Journal
import Ledger
import LibPQ
import ServiceTime
import Testing

@testable import Daemon

/// The log says that a feed's quarantine grows: at once, then when it has doubled or an hour has passed; not a line a
/// file.
@Suite struct QuarantineGrowthTests {
  private static let start = Instant(rfc3339: DaemonTestBase.start) ?? .earliest

  private func counts(_ entries: Int64, _ code: String = "bad_json") -> [Quarantine.Count] {
    [Quarantine.Count(feed: "f", code: code, entries: entries, oldest: QuarantineGrowthTests.start)]
  }

  /// Lines that go to quarantine, what is open then, minutes since the start; whether it is counted, whether said.
  @Test(
    arguments: [
      [
        (0, 0, 0, false, false), (3, 3, 0, true, true), (1, 4, 1, false, false), (2, 6, 2, true, true),
        (5, 11, 3, false, false),
      ],
      [(1, 1, 0, true, true), (1, 2, 0, true, true), (1, 3, 0, false, false), (1, 4, 0, true, true)],
      // An hour later one line is enough, and none is not.
      [
        (4, 4, 0, true, true), (1, 5, 59, false, false), (0, 5, 60, true, true), (0, 5, 120, false, false),
        (1, 6, 121, true, true),
      ],
      // A file read again, whose faults were there already.
      [(4, 4, 0, true, true), (4, 4, 1, true, false), (4, 8, 2, true, true)],
      // Dealt with meanwhile.
      [(4, 4, 0, true, true), (4, 0, 1, true, false), (1, 1, 2, true, true)],
    ] as [[(Int, Int64, Int64, Bool, Bool)]])
  func whenItIsSaid(_ steps: [(Int, Int64, Int64, Bool, Bool)]) {
    var growth = QuarantineGrowth()
    for (index, (added, open, minutes, isDue, isSaid)) in steps.enumerated() {
      let now = QuarantineGrowthTests.start + minutes * 60_000_000
      growth.add(added, of: "x")
      #expect(growth.isDue(at: now) == isDue, "step \(index)")
      guard isDue else { continue }
      let record = growth.record("f", open > 0 ? counts(open) : [], at: now)
      #expect((record != nil) == isSaid, "step \(index)")
      if let record { #expect(record["open"] == .integer(open)) }
    }
  }

  @Test func theDaemonSaysSo() async throws {
    try await DaemonTestBase.withDaemon { office in
      var position: Int64 = 0
      // A good line at the end of each file tells when it is in.
      func put(_ name: String, _ bad: [String]) async throws {
        position += 1
        try office.put(
          name, bad + [DaemonTestBase.event(name, "accepted", "2026-09-14T07:58:00+08:00")])
        try await office.projected(through: position)
        // The next file is looked at when this one is done with; so is what it says.
        position += 1
        try office.put(
          "\(name).after", [DaemonTestBase.event("\(name).after", "accepted", "2026-09-14T07:58:00+08:00")])
        try await office.projected(through: position)
      }
      try await put("1", ["{", "}", DaemonTestBase.event("X", "accepted", "soon")])
      #expect(said(office) == ["3"])
      let first = try #require(office.lines(.quarantineGrowing).first)
      #expect(first.priority == .warning)
      #expect(first["feed"] == .text("office"))
      #expect(first["codes"] == .text("bad_json 2, bad_time 1"))
      #expect(first["file"] == .text("1"))
      #expect(
        first.message
          == "Feed office: 3 lines wait in quarantine (bad_json 2, bad_time 1); see: bizclock quarantine list --feed office."
      )
      try await put("2", ["x"])
      try await put("3", ["y"])
      #expect(said(office) == ["3"])
      try await put("4", ["z"])
      #expect(said(office) == ["3", "6"])
      try await put("5", ["w"])
      #expect(said(office) == ["3", "6"])
      try await office.advance(to: "2026-09-14T09:00:00+08:00")
      try await put("6", [])
      #expect(said(office) == ["3", "6", "7"])
      try await office.advance(to: "2026-09-14T10:00:00+08:00")
      try await put("7", [])
      #expect(said(office) == ["3", "6", "7"])
    }
  }

  private func said(_ office: EmbeddedDaemon) -> [String] {
    office.lines(.quarantineGrowing).map { if case .integer(let open)? = $0["open"] { "\(open)" } else { "?" } }
  }
}
