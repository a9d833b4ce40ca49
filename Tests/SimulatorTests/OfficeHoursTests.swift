import ServiceTime
import Simulator
import Testing

/// When applicants and officers act.
@Suite struct OfficeHoursTests {
  let office: SimulatedOffice
  let cases: [[Event]]

  init() throws {
    office = try SimulatedOffice()
    cases = office.cases(4_000)
  }

  private func isOpen(_ instant: Instant) -> Bool {
    let date = office.calendar.date(of: instant)
    return office.calendar.isWorked(date)
      && office.calendar.officeSpans(of: date).contains { $0.open <= instant && instant <= $0.close }
  }

  @Test func windowsWorkInOfficeHours() {
    for event in cases.joined() where event.channel == "window" || event.serviceWindow != nil {
      #expect(isOpen(event.occurredAt), "\(event.eventID) at \(event.occurredAt)")
    }
  }

  @Test func onlineAlsoAtNightAndOnHolidays() {
    let online = cases.map { $0[0] }.filter { $0.channel == "online" }
    let outside = online.filter { !isOpen($0.occurredAt) }
    #expect((250...450).contains(outside.count * 1_000 / online.count))
    #expect(outside.contains { !office.calendar.isWorked(office.calendar.date(of: $0.occurredAt)) })
    let springFestival = CivilDate(year: 2026, month: 2, day: 17)
    #expect(outside.contains { office.calendar.date(of: $0.occurredAt) == springFestival })
  }

  @Test func monthsEndInABurst() {
    var burst = (days: Set<CivilDate>(), cases: 0)
    var usual = (days: Set<CivilDate>(), cases: 0)
    for events in cases {
      let date = office.calendar.date(of: events[0].occurredAt)
      guard office.calendar.isWorked(date) else { continue }
      let (year, month, day) = date.fields
      let left = office.calendar.workedDays(
        after: date, through: date + (CivilDate.daysInMonth(year: year, month: month) - day))
      if left < 3 {
        burst.days.insert(date)
        burst.cases += 1
      } else {
        usual.days.insert(date)
        usual.cases += 1
      }
    }
    #expect(burst.days.count == 18)
    #expect(burst.cases * usual.days.count * 10 > usual.cases * burst.days.count * 18, "1.8 times a usual day")
  }

  @Test func theNightJobEndsMostNotices() {
    let ended = cases.joined().filter { $0.type == "notice_ended" }
    let atNight = ended.count { office.calendar.zone.local($0.occurredAt).timeOfDay < 1_800_000_000 }
    #expect(atNight * 100 > ended.count * 75)
  }
}
