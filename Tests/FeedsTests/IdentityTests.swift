import ServiceTime
import Testing

@testable import Feeds

/// Derived event ids, credit codes and numbers that a spreadsheet has rounded.
@Suite struct IdentityTests {
  @Test func derivedIDs() throws {
    let instant = Instant(microseconds: 1_789_696_800_000_001)
    #expect(
      DerivedEventID.text(type: "accepted", step: nil, occurredAt: instant)
        == "accepted@2026-09-18T02:00:00.000001Z")
    #expect(
      DerivedEventID.text(type: "step_completed", step: "印章", occurredAt: .earliest)
        == "step_completed:印章@1970-01-01T00:00:00.000000Z")
    #expect(
      DerivedEventID.text(type: "a", step: nil, occurredAt: .latest) == "a@2099-12-31T00:00:00.000000Z")
    // The reference values of FNV-1a, 64 bits.
    #expect(DerivedEventID.fnv1a("") == 0xcbf2_9ce4_8422_2325)
    #expect(DerivedEventID.fnv1a("foobar") == 0x8594_4171_f739_67e8)
  }

  @Test func derivedIDsStayWithinTheLimit() throws {
    let type = String(repeating: "型", count: 64)
    for count in [35, 36, 37, 64] {
      let step = String(repeating: "步", count: count)
      let id = DerivedEventID.text(type: type, step: step, occurredAt: .earliest)
      #expect(id.unicodeScalars.count <= 128)
      #expect(id.hasPrefix(String((type + ":" + step).unicodeScalars.prefix(83))))
      // Long heads that differ at their end still make two ids.
      let other = DerivedEventID.text(type: type, step: step.dropLast() + "x", occurredAt: .earliest)
      #expect(id != other)
    }
  }

  @Test func eventsWithoutIDGetTheDerivedOne() throws {
    let line = NDJSONRejectTests.event("\"step\":\"seal\"")
    let ids = try Reading(line + "\n" + line).events.map(\.eventID)
    #expect(ids == ["accepted:seal@2026-09-18T02:00:00.000000Z", "accepted:seal@2026-09-18T02:00:00.000000Z"])
  }

  @Test(arguments: [
    "914403001922038216", "9144030071526726XG", "91110000802100433B", "91110108551385082Q", "91440400192548256N",
    "91110000710925462X", "91100000100003962T",
  ])
  func validCreditCodes(_ code: String) {
    #expect(CreditCode.isValid(code))
    // Every single wrong digit is told.
    for index in 0..<17 {
      var characters = Array(code)
      characters[index] = characters[index] == "1" ? "2" : "1"
      #expect(!CreditCode.isValid(String(characters)))
    }
    #expect(!CreditCode.isValid(code.lowercased()) || code == code.lowercased())
  }

  /// The first two hold the check of the whole but not that of the organisation's own code.
  @Test(arguments: [
    "91440300192203827Q", "9144030019220382XW", "914403001922038217", "", "9144030019220382160",
    "91440300192203821I", "中中中中中中",
  ])
  func invalidCreditCodes(_ code: String) { #expect(!CreditCode.isValid(code)) }

  @Test(arguments: [
    ("4.69005E+17", true), ("4.69005e+17", true), ("-4.6E+17", true), ("+4.6E+17", true), ("4E+17", true),
    ("4.69005E17", true), ("4.69005E+103", true), ("4.69005E+1", false), ("4.69005E+1034", false),
    ("2026E10", false), ("4E17", false), ("1E-0001", false), ("4.E+17", false), (".5E+17", false),
    ("46900512345", false), ("4.69005", false), ("4.69005E+", false), ("4.69005E+17x", false), ("E+17", false),
    ("", false), ("-", false),
  ])
  func spoiledNumbers(_ text: String, _ isSpoiled: Bool) {
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBufferPointer { SpoiledNumber.matches($0) } == isSpoiled)
  }
}
