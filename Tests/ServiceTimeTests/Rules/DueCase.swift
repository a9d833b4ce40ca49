import Testing

@testable import ServiceTime

/// A due time worked out by hand.
struct DueCase: Sendable, CustomTestStringConvertible {
  var rule: String
  var office: TestOffice
  var start: String
  var pauses: [(String, String?)] = []
  var extendedDays = 0
  var stoppedAt: String?
  /// Nil: unknown.
  var due: String?

  init(
    _ rule: String, _ office: TestOffice, from start: String, pauses: [(String, String?)] = [],
    extendedDays: Int = 0, stoppedAt: String? = nil, due: String?
  ) {
    self.rule = rule
    self.office = office
    self.start = start
    self.pauses = pauses
    self.extendedDays = extendedDays
    self.stoppedAt = stoppedAt
    self.due = due
  }

  var testDescription: String { rule }

  func reckoner() throws -> Reckoner {
    try office.reckon(start, pauses: pauses, extendedDays: extendedDays, stoppedAt: stoppedAt)
  }

  func check() throws {
    let found = office.text(try reckoner().due?.at)
    #expect(found == due, "\(rule)")
  }
}

/// Microseconds in an hour.
let hour: Int64 = 3_600_000_000
/// Microseconds in a minute.
let minute: Int64 = 60_000_000
