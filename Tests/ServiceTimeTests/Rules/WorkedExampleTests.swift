import Testing

@testable import ServiceTime

/// The examples that practitioners check a clock by, on the published calendar of 2026.
@Suite struct WorkedExampleTests {
  @Test(arguments: [
    ("09-18 10:00", ["2026-09-20", "2026-09-21"], "09-21 17:30"),
    ("09-30 10:00", ["2026-10-08", "2026-10-09"], "10-09 17:30"),
    ("10-03 10:00", ["2026-10-08", "2026-10-09"], "10-09 17:30"),
    ("10-09 10:00", ["2026-10-10", "2026-10-12"], "10-12 17:30"),
    ("02-13 10:00", ["2026-02-14", "2026-02-24"], "02-24 17:30"),
    ("12-30 10:00", ["2026-12-31", "2027-01-04"], "2027-01-04 17:30"),
  ])
  func twoWorkingDays(_ accepted: String, _ counted: [String], _ due: String) throws {
    let office = HorizonTests.shipped(TestOffice())
    let reckoner = try office.reckon(accepted)
    #expect(reckoner.countedDates()?.map(\.description) == counted)
    #expect(office.text(reckoner.due?.at) == due)
    #expect(reckoner.due?.provisional == (accepted == "12-30 10:00"))
  }

  @Test func correction() throws {
    let office = HorizonTests.shipped(TestOffice())
    let clock = try office.clock(
      "accepted 11-03 10:00\ncorrection_requested 11-04 10:00\ncorrection_received 11-06 09:00",
      asOf: "11-07 00:00")
    #expect(office.text(clock.dueAt) == "11-10 17:30")
  }

  @Test func sevenCalendarDays() throws {
    let office = HorizonTests.shipped(TestOffice(.calendarDays(7), dayEnd: .midnight))
    #expect(office.text(try office.reckon("09-24 10:00").due?.at) == "10-02 00:00")
    let rolled = HorizonTests.shipped(TestOffice(.calendarDays(7), dayEnd: .midnight, rollForward: true))
    let due = try require(try rolled.reckon("09-24 10:00").due)
    #expect(due.day.description == "2026-10-08")
    #expect(rolled.text(due.at) == "10-09 00:00")
  }

  /// Two dated versions of one promise: 5 working days until 2019, then 2.
  @Test func datedVersions() throws {
    let opening = ShippedPolicy.opening
    #expect(opening.version(on: ShippedPolicy.date("2017-12-31")) == nil)
    #expect(opening.version(on: ShippedPolicy.date("2018-12-31"))?.limit == .workingDays(5))
    #expect(opening.version(on: ShippedPolicy.date("2019-01-01"))?.limit == .workingDays(2))
    let notice = ShippedPolicy.deregNotice
    #expect(notice.version(on: ShippedPolicy.date("2018-12-31"))?.limit == .calendarDays(45))
    #expect(notice.version(on: ShippedPolicy.date("2019-01-01"))?.limit == .calendarDays(7))
  }

  /// Individual businesses have no notice; an unknown type is not excluded.
  @Test(arguments: [(" entity=individual", 0), (" entity=enterprise", 1), ("", 1)])
  func individuals(_ entity: String, _ clocks: Int) throws {
    let story = "notice_published 09-07 10:00 process=deregistration" + entity
    let fold = CaseFold(events: TestOffice().events(story), rulebook: try ShippedPolicy.rulebook())
    #expect(fold.clocks(asOf: TestOffice().at("12-31 00:00")).count == clocks)
  }
}
