import ServiceTime

extension MonthDay {
  /// Reads `01-01`; 29 February is a date too.
  init(policyText text: String) throws(Complaint) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
      let month = WholeNumber.parse(parts[0]), let day = WholeNumber.parse(parts[1]),
      CivilDate(checkedYear: 2000, month: month, day: day) != nil
    else { throw Complaint("\"\(text)\" is not a day of the year; write MM-DD, for example \"05-01\"") }
    self.init(month: month, day: day)
  }
}
