import ServiceTime

extension OfficeHours {
  /// Reads `08:30-12:00`, up to `24:00`.
  init(policyText text: String) throws(Complaint) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { OfficeHours.second(of: $0) }
    guard parts.count == 2, let open = parts[0], let close = parts[1] else {
      throw Complaint("\"\(text)\" is not a span of office hours; write for example 08:30-12:00")
    }
    guard open < close else { throw Complaint("\(text) ends before it begins") }
    self.init(open: open, close: close)
  }

  private static func second(of text: Substring) -> Int32? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
      let hour = WholeNumber.parse(parts[0]), let minute = WholeNumber.parse(parts[1]), minute < 60,
      hour * 60 + minute <= 24 * 60
    else { return nil }
    return Int32(hour * 3600 + minute * 60)
  }

  /// Reads several spans of one text, with `;` or blanks between.
  static func list(policyText text: String) throws(Complaint) -> [OfficeHours] {
    var spans: [OfficeHours] = []
    for word in text.split(whereSeparator: { $0 == ";" || $0 == " " || $0 == "\t" }) {
      let span = try OfficeHours(policyText: String(word))
      if let last = spans.last { try span.check(after: last) }
      spans.append(span)
    }
    guard !spans.isEmpty else { throw Complaint("no office hours; write for example 08:30-12:00") }
    return spans
  }

  /// Refuses a span that begins before the one listed before it has ended.
  func check(after last: OfficeHours) throws(Complaint) {
    guard open < last.close else { return }
    throw Complaint("\(text) overlaps or comes before \(last.text); list office hours in order, apart")
  }

  /// `08:30-12:00`.
  var text: String { "\(OfficeHours.clock(open))-\(OfficeHours.clock(close))" }

  private static func clock(_ second: Int32) -> String {
    let (hour, minute) = (second / 3600, second / 60 % 60)
    return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
  }
}
