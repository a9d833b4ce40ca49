import Feeds
import LibPQ
import ServiceTime
import Simulator
import TestSupport
import Testing

/// A unified social credit code that fails its check is kept, and flagged where dashboards see it.
@Suite struct CreditCodeViewTests {
  private static let valid = [
    "914403001922038216", "9144030071526726XG", "91110000802100433B", "91110108551385082Q", "91440400192548256N",
    "91110000710925462X", "91100000100003962T",
  ]
  /// The second and third hold the check of the whole, but not that of the organisation's own code.
  private static let invalid = [
    "914403001922038217", "91440300192203827Q", "9144030019220382XW", "", "9144030019220382160",
    "91440300192203821I",
    "中中中中中中", "91440300192203821", "9144030071526726xg", " 14403001922038216",
  ]

  @Test func theFunctionSaysWhatTheStandardSays() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let answers = try await answer(valid + invalid + [nil], conninfo)
      #expect(answers == valid.map { _ in true } + invalid.map { _ in false } + [nil])
    }
  }

  /// Both checks in SQL and in Swift: random codes with right checks, and the same with one character changed.
  @Test func theFunctionAgreesWithTheProgram() async throws {
    var random = SeededGenerator(seed: 32100)
    let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY")
    var codes: [String] = []
    for _ in 0..<50 {
      let body = String((0..<16).map { _ in alphabet.randomElement(using: &random) ?? "0" })
      // One pair of all that the two checks may be is right.
      let endings = "0123456789X".flatMap { check in alphabet.map { "\(check)\($0)" } }
      let right = try #require(endings.first { CreditCode.isValid(body + $0) })
      var changed = Array(body + right)
      changed[Int.random(in: 0..<18, using: &random)] = letters.randomElement(using: &random) ?? "0"
      codes += [body + right, String(changed), body + (endings.randomElement(using: &random) ?? "")]
    }
    let expected = codes.map { CreditCode.isValid($0) }
    #expect(expected.count { $0 } >= 50)
    #expect(expected.count { !$0 } > 50)
    let asked = codes
    try await DaemonTestBase.withOffice { conninfo, _ in
      let answers = try await answer(asked, conninfo)
      for (code, (said, wanted)) in zip(asked, zip(answers, expected)) { #expect(said == wanted, "\(code)") }
    }
  }

  @Test func theEventLogFlagsCodes() async throws {
    try await DaemonTestBase.withDaemon { office in
      let codes = ["A": "914403001922038216", "B": "914403001922038217"]
      try office.put(
        "codes.ndjson",
        ["A", "B", "C"].map { name in
          let more = codes[name].map { ",\"uscc\":\"\($0)\"" } ?? ""
          return DaemonTestBase.event(name, "accepted", "2026-09-14T07:58:00+08:00", more: more)
        })
      try await office.projected(through: 3)
      let connection = try await Connection.connect(office.conninfo)
      let flags = try await connection.run { session -> [String] in
        try session.execute("SET ROLE bizclock_dashboard")
        let found = try session.execute(
          "SELECT concat_ws(' ', case_id, uscc, uscc_valid) FROM dashboard.event_log ORDER BY case_id")
        return try (0..<found.rowCount).map { try found.text($0, 0) }
      }
      await connection.close()
      #expect(flags == ["A 914403001922038216 t", "B 914403001922038217 f", "C"])
    }
  }

  private var valid: [String] { CreditCodeViewTests.valid }
  private var invalid: [String] { CreditCodeViewTests.invalid }

  private func answer(_ codes: [String?], _ conninfo: String) async throws -> [Bool?] {
    let connection = try await Connection.connect(conninfo)
    let answers = try await connection.run { session -> [Bool?] in
      let found = try session.execute(
        "SELECT bizclock.uscc_valid(code) FROM unnest($1::text[]) WITH ORDINALITY AS c (code, n) ORDER BY n",
        [.textArray(codes)])
      return try (0..<found.rowCount).map { found.isNull($0, 0) ? nil : try found.bool($0, 0) }
    }
    await connection.close()
    return answers
  }
}
