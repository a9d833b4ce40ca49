import ServiceTime

/// What a spreadsheet may have made of a time that cannot be read, for the message that refuses it.
///
/// None of these is guessed at: a date alone does not say when, and a number may be anything.
enum SpreadsheetTime {
  /// What the text seems to be and what to do; nil if it seems nothing known.
  static func hint(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    if let time = serial(bytes) {
      let shown = time.description.prefix(16).replacing("T", with: " ")
      return "the number by which a spreadsheet keeps \(shown): format the column as yyyy/m/d h:mm:ss and save it "
        + "again."
    }
    if isDate(bytes) {
      return "a date without a time of day: give both, such as 2026/9/1 8:05; a spreadsheet needs the format "
        + "yyyy/m/d h:mm."
    }
    if isOfTwelveHours(bytes) {
      return "a time of twelve hours: give it in 24 hours, such as 2026/9/1 15:40; a spreadsheet needs the format "
        + "yyyy/m/d h:mm."
    }
    return nil
  }

  /// Days since 1899-12-30, with a fraction, of the years 1970 to 2099: `46086.37847`.
  private static func serial(_ bytes: UnsafeBufferPointer<UInt8>) -> LocalTime? {
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, whole.count == 5, parts.allSatisfy({ $0.allSatisfy { $0 &- 48 < 10 } }),
      parts.count == 1 || (1...15).contains(parts[1].count)
    else { return nil }
    let days = whole.reduce(0) { $0 * 10 + Int($1 - 48) }
    guard (25_569...73_050).contains(days) else { return nil }
    var fraction = 0.0
    var scale = 0.1
    for digit in parts.count == 2 ? parts[1] : parts[0].prefix(0) {
      fraction += Double(digit - 48) * scale
      scale /= 10
    }
    // To the second: the fraction is not exact.
    let seconds = min(86_399, Int64((fraction * 86_400).rounded()))
    return LocalTime(CivilDate(dayNumber: Int32(days - 25_569)), timeOfDay: seconds * 1_000_000)
  }

  /// `2026/9/1`, `2026-09-01`, `20260901`, `2026年9月1日`.
  private static func isDate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count <= 20 else { return false }
    let time = Array(bytes) + Array(" 0:00".utf8)
    if time.withUnsafeBufferPointer({ OccurrenceTime.local($0) }) != nil { return true }
    guard bytes.count == 8, bytes.allSatisfy({ $0 &- 48 < 10 }) else { return false }
    let compact = Array(bytes) + Array("000000".utf8)
    return compact.withUnsafeBufferPointer { OccurrenceTime.local($0) } != nil
  }

  private static func isOfTwelveHours(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let text = String(decoding: bytes.prefix(64), as: UTF8.self)
    return ["上午", "下午", "AM", "PM", "am", "pm"].contains { text.contains($0) } && text.contains(":")
  }
}
