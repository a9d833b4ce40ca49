import Journal
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Shares, end to end: tax steps into the spool, the line into the log at the midnight.
///
/// September 2026 has 22 worked days; on Monday the 14th ten of them have run.
@Suite struct ShareTests {
  private static func taxes(_ name: String, _ at: String, _ population: Int, online: Int) -> [String] {
    (0..<population).map { number in
      DaemonTestBase.event(
        "\(name)\(number)", "step_completed", at,
        more: #","step":"tax","channel":"\#(number < online ? "online" : "window")""#)
    }
  }

  @Test func aShareIsToldAtTheMidnight() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let office = try await DaemonTestBase.daemon(conninfo, spool, at: DaemonTestBase.start)
      do { try await untilMidnight(office) } catch {
        await office.stop()
        throw error
      }
      await office.stop()
      // Nobody led at the end of the month; who comes next makes up for it.
      let next = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-10-02T08:00:00+08:00")
      do { try await afterTheMonth(next) } catch {
        await next.stop()
        throw error
      }
      await next.stop()
    }
  }

  private func untilMidnight(_ office: EmbeddedDaemon) async throws {
    try office.put("1.ndjson", ShareTests.taxes("A", "2026-09-14T07:59:00+08:00", 10, online: 5))
    try await office.projected(through: 10)
    try await office.advance(to: "2026-09-14T23:59:59.999999+08:00")
    #expect(office.alerts() == [])
    #expect(office.clock.armed == Instant(rfc3339: "2026-09-15T00:00:00+08:00"))
    try await office.advance(to: "2026-09-15T00:00:00+08:00")
    #expect(office.alerts() == ["online_tax/202609/unreachable/1"])
    let line = try #require(office.lines(.alertRaised).first)
    #expect(line.priority == .warning)
    // (5 + 12) of 22.
    #expect(
      line.message == "Online tax handling: 50.0 % (5 of 10) in 2026-09 so far; the target of 90 % is out of reach "
        + "even if all that is still expected counts.")
    #expect(
      line["message_zh"]
        == .text("网上办税使用率：2026-09目前为50.0%（10件中5件），即使预计的后续办件全部达标，也无法达到目标90%。"))
    for (name, value) in [
      ("commitment", "online_tax"), ("level", "unreachable"), ("period", "2026-09"), ("share", 0.5),
      ("population", 10), ("counted", 5), ("target", 0.9), ("round", 202_609), ("revision", 1),
      ("level_at", "2026-09-15T00:00:00+08:00"), ("due_at", "2026-10-01T00:00:00+08:00"),
      ("recorded_at", "2026-09-15T00:00:00+08:00"), ("case_id", nil),
    ] as [(String, LogValue?)] {
      #expect(line[name] == value, "\(name)")
    }
    let logged = try await office.query(
      "SELECT (logged_at IS NOT NULL)::text, (case_id IS NULL)::text FROM dashboard.alert WHERE commitment = 'online_tax'"
    )
    #expect(logged == [["true", "true"]])
    try await office.advance(to: "2026-09-16T12:00:00+08:00")
    #expect(office.alerts().count == 1)
  }

  private func afterTheMonth(_ office: EmbeddedDaemon) async throws {
    try await office.settled(at: office.clock.now())
    #expect(office.alerts() == ["online_tax/202609/missed/1"])
    let line = try #require(office.lines(.alertRaised).first)
    #expect(line.priority == .error)
    #expect(line.message == "Online tax handling: 50.0 % (5 of 10) in 2026-09, below the target of 90 %.")
    #expect(line["level_at"] == .text("2026-10-01T00:00:00+08:00"))
    #expect(line["recorded_at"] == .text("2026-10-02T08:00:00+08:00"))
    // Forty that were handed in late: 45 of 50.
    try office.put("2.ndjson", ShareTests.taxes("B", "2026-09-30T16:00:00+08:00", 40, online: 40))
    try await office.projected(through: 50)
    try await office.advance(to: "2026-10-02T09:00:00+08:00")
    #expect(office.alerts(.alertWithdrawn) == ["online_tax/202609/missed/1"])
    #expect(
      office.lines(.alertWithdrawn).first?.message
        == "Online tax handling: level missed of 2026-09 was never reached, 90.0 % (45 of 50) now; withdrawn.")
    #expect(office.lines(.alertWithdrawn).first?["reason"] == .text("late_data"))
    #expect(office.alerts(.alertResolved) == ["online_tax/202609/unreachable/1"])
    let resolved = try #require(office.lines(.alertResolved).first)
    #expect(
      resolved.message
        == "Online tax handling: 90.0 % (45 of 50) in 2026-09, the target of 90 % was met after all; "
        + "level unreachable is resolved.")
    #expect(resolved["resolved_at"] == .text("2026-10-01T00:00:00+08:00"))
    let month = try await office.query(
      "SELECT period::text, population::text, met::text FROM dashboard.share_monthly")
    #expect(month == [["2026-09-01", "50", "true"]])
  }

  /// Nothing is left of the month: the line names it all the same.
  @Test func allVoided() async throws {
    try await DaemonTestBase.withDaemon { office in
      let at = "2026-09-14T07:59:00+08:00"
      try office.put("1.ndjson", ShareTests.taxes("A", at, 1, online: 0))
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-15T00:00:00+08:00")
      #expect(office.alerts() == ["online_tax/202609/unreachable/1"])
      let void = DaemonTestBase.event(
        "A0", "voided", "2026-09-15T00:00:00+08:00", process: nil, more: #","voids":"A0-step_completed-\#(at)""#)
      try office.put("2.ndjson", [void])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-15T00:01:00+08:00")
      let line = try #require(office.lines(.alertWithdrawn).first)
      #expect(line.message == "Online tax handling: level unreachable of 2026-09 was never reached; withdrawn.")
      #expect(line["reason"] == .text("voided"))
      #expect(line["level_at"] == .text("2026-09-15T00:00:00+08:00"))
      #expect(line["share"] == nil)
    }
  }

  struct Sentence: Sendable {
    var event: String
    var level: ShareLevel
    var population: Int64
    var counted: Int64
    var target: Int64?
    var message: String
    init(
      _ event: String, _ level: ShareLevel, _ counted: Int64, of population: Int64, target: Int64?,
      _ message: String
    ) {
      self.event = event
      self.level = level
      self.population = population
      self.counted = counted
      self.target = target
      self.message = message
    }
  }

  /// What is below its target never reads as if it were not; what is not known is left out.
  @Test(arguments: [
    Sentence(
      "raised", .missed, 340, of: 400, target: 900_000, "T: 85.0 % (340 of 400) in P, below the target of 90 %."),
    Sentence(
      "raised", .missed, 89_999, of: 100_000, target: 900_000,
      "T: 89.9 % (89999 of 100000) in P, below the target of 90 %."),
    Sentence("raised", .missed, 0, of: 3, target: 925_500, "T: 0.0 % (0 of 3) in P, below the target of 92.55 %."),
    Sentence(
      "resolved", .unreachable, 2, of: 2, target: 1_000_000,
      "T: 100.0 % (2 of 2) in P, the target of 100 % was met after all; level unreachable is resolved."),
    Sentence("withdrawn", .missed, 0, of: 0, target: nil, "T: level missed of P was never reached; withdrawn."),
    Sentence(
      "amended", .unreachable, 1, of: 2, target: 900_000,
      "T: level unreachable of P was reached at another time; amended."),
  ])
  func sentences(_ example: Sentence) {
    let figures = ShareFigures(
      population: example.population, counted: example.counted,
      target: example.target.map { ShareTarget(millionths: $0) })
    let (message, messageZh) = figures.sentences(
      "alert." + example.event, example.level, example.level.rawValue, of: "T", "题", in: "P")
    #expect(message == example.message)
    #expect(messageZh.hasPrefix("题：P") && messageZh.hasSuffix("。"))
  }
}
