import ServiceTime

/// The event id of an event that brings none.
///
/// `type@time` or `type:step@time`, the time in UTC with six decimals:
/// `accepted@2026-09-18T02:00:00.000000Z`. Ids are unique per case and source, so the case is not in the text. Where
/// type and step take more than 100 characters, their first 83 stand with `~` and the FNV-1a hash of the whole in 16
/// hexadecimal digits, so that the id has at most 128 characters. The form never changes: it tells a repeated event.
public enum DerivedEventID {
  /// The id of an event of this type, step and time.
  public static func text(type: String, step: String?, occurredAt: Instant) -> String {
    var head = type
    if let step { head += ":" + step }
    if head.utf8.count > 100, head.unicodeScalars.count > 100 {
      var short = String(String.UnicodeScalarView(head.unicodeScalars.prefix(83)))
      let digits = String(fnv1a(head), radix: 16)
      short += "~" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
      head = short
    }
    return head + "@" + stamp(occurredAt)
  }

  static func fnv1a(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  /// `YYYY-MM-DDThh:mm:ss.ffffffZ`.
  static func stamp(_ instant: Instant) -> String {
    let local = LocalTime(microseconds: instant.microseconds)
    let (year, month, day) = local.date.fields
    let time = local.timeOfDay
    let seconds = Int(time / 1_000_000)
    return String(unsafeUninitializedCapacity: 27) { out in
      var at = 0
      func put(_ value: Int, _ width: Int, _ after: Unicode.Scalar) {
        var value = value
        for index in stride(from: at + width - 1, through: at, by: -1) {
          out[index] = UInt8(48 + value % 10)
          value /= 10
        }
        out[at + width] = UInt8(ascii: after)
        at += width + 1
      }
      put(year, 4, "-")
      put(month, 2, "-")
      put(day, 2, "T")
      put(seconds / 3600, 2, ":")
      put(seconds / 60 % 60, 2, ":")
      put(seconds % 60, 2, ".")
      put(Int(time % 1_000_000), 6, "Z")
      return at
    }
  }
}
