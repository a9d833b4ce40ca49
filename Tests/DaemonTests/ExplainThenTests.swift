import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// What was believed of a case: as of then, and as a history.
@Suite struct ExplainThenTests {
  private func squeezed(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
  }

  /// Late on its day; on time by a correction that was told late; late again by another policy, and then elsewhere.
  private func withHistory(
    _ body: @Sendable (LoadedOffice, _ printed: [String: String]) async throws -> Void
  ) async throws {
    try await LoadedOffice.with(
      at: "2026-06-05T11:00:00+08:00",
      policy: { $0.replacing("published_until: 2026-12-28", with: "published_until: 2026-05-31") },
      file: (
        "cn.csv",
        { text in
          text.split(separator: "\n").filter { !($0.hasPrefix("2026-") && $0 > "2026-06") }.joined(separator: "\n")
        }
      )
    ) { office in
      var printed: [String: String] = [:]
      // A minute later: what is recorded at one instant has times a few microseconds after it.
      func print(_ moment: String) throws {
        office.clock.advance(to: try #require(Instant(rfc3339: moment)))
        for language in ["en", "zh"] {
          printed["\(moment) \(language)"] = try office.run(["explain", "K1", "--lang", language])
        }
      }
      try await office.load(
        [
          line("K1", "accepted", "2026-06-01T09:00", #""region":"469005100""#),
          line("K1", "completed", "2026-06-05T10:00"),
        ], at: "2026-06-05T11:00:00+08:00")
      try print("2026-06-05T11:01:00+08:00")
      _ = try await office.rows(
        """
        UPDATE bizclock.alert SET acknowledged_at = '2026-06-05 12:00+08', acknowledged_by = 'Li', reason = 'server down'
        WHERE case_id = 'K1' AND commitment = 'opening' AND level = 'red' RETURNING level
        """)
      try await office.load(
        [
          line("K1", "correction_requested", "2026-06-02T10:00"),
          line("K1", "correction_received", "2026-06-03T10:00"),
        ], at: "2026-06-06T09:00:00+08:00")
      try print("2026-06-06T09:01:00+08:00")
      try office.rewrite("policy.yaml") {
        $0.replacing("2019-01-01, limit: 2 working_days", with: "2019-01-01, limit: 1 working_days")
          .replacing("yellow: { at: -1 working_days", with: "yellow: { at: 90%")
      }
      try await office.apply(.policy, at: "2026-06-07T09:00:00+08:00")
      try await office.load(
        [line("K1", "inspected", "2026-06-04T10:00", #""region":"469005101""#)], at: "2026-06-08T09:00:00+08:00")
      try await body(office, printed)
    }
  }

  @Test func asOfThen() async throws {
    try await withHistory { office, printed in
      #expect(printed.count == 4)
      for (key, text) in printed {
        let words = key.split(separator: " ").map(String.init)
        // Alerts that stood withdrawn on the second day have been raised anew since, and those of the first day withdrawn.
        let then = try office.run(["explain", "K1", "--as-of", words[0], "--lang", words[1]])
        #expect(then == text, "\(key)")
        #expect(try office.run(["explain", "K1", "--lang", words[1]]) != text)
      }
      let first = try office.run(["explain", "K1", "--as-of", "2026-06-05 11:01"])
      #expect(first.contains("verdict  Late: due 2026-06-03 17:30"))
      #expect(!first.contains("server down") && !first.contains("correction") && !first.contains("history"))
      for (arguments, status, said) in [
        (["K1", "--as-of", "2026-06-05T10:59:59+08:00"], Int32(66), "had no event of the case K1 by then"),
        (["K1", "--as-of", "2017-06-05T10:59:59+08:00"], 66, "No rules were in force"),
        (["K1", "--as-of", "2027-06-05T10:59:59+08:00"], 64, "still to come"),
        (["K1", "--as-of", "once"], 64, "is not a time"),
      ] {
        #expect(try office.run(["explain"] + arguments, status: status).contains(said), "\(arguments)")
      }
    }
  }

  @Test func itsHistory() async throws {
    try await withHistory { office, _ in
      let clock = ["explain", "K1", "--clock", "opening"]
      let told = squeezed(try office.run(clock)).filter { $0.hasPrefix("history ") }
      let provisional = " (provisional: calendar not published), completed 2026-06-05 10:00, due "
      #expect(
        told == [
          "history late\(provisional)2026-06-03 17:30: believed from 2026-06-05 11:00 to 2026-06-06 09:00; "
            + "changed: data that came later",
          "history on time\(provisional)2026-06-05 17:30: believed from 2026-06-06 09:00 to 2026-06-07 09:00; "
            + "changed: another policy",
          "history late\(provisional)2026-06-04 17:30, region 469005100: believed from 2026-06-07 09:00 to "
            + "2026-06-08 09:00; changed: data that came later",
          "history late\(provisional)2026-06-04 17:30: believed since 2026-06-08 09:00",
        ])
      let zh = squeezed(try office.run(clock + ["--lang", "zh"])).filter { $0.hasPrefix("历史判定 ") }
      #expect(
        zh.first
          == "历史判定 超期（暂定：日历尚未公布），2026-06-05 10:00办结，应于2026-06-03 17:30前办结："
          + "2026-06-05 11:00至2026-06-06 09:00认定；变更原因：后到数据")
      #expect(zh.count == 4)
      // Half-way only what was known by then.
      let then = squeezed(try office.run(clock + ["--as-of", "2026-06-07T12:00:00+08:00"]))
        .filter { $0.hasPrefix("history ") }
      #expect(then.count == 3 && then.last?.hasSuffix("believed since 2026-06-07 09:00") == true)

      let json = try office.run(clock + ["--json"])
      #expect(
        json.contains(#""history":[{"commitment":"opening","round":1,"known_from":"2026-06-05T11:00:00+08:00""#))
      #expect(json.contains(#""change_reason":"policy","verdict":"on_time""#))

      // A clock that never was leaves what was believed of it.
      try await office.load(
        [line("K1", "voided", "2026-06-09T08:00", #""voids":"2026-06-01T09:00""#)], at: "2026-06-09T09:00:00+08:00")
      let gone = squeezed(try office.run(["explain", "K1"]))
      #expect(gone.contains("former verdicts of clocks that the case no longer has"))
      #expect(gone.contains { $0.hasPrefix("opening/1 late") && $0.hasSuffix("changed: an event was voided") })
    }
  }
}
