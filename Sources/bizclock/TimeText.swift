import ArgumentParser
import ServiceTime

/// Times as people write them to a command.
enum TimeText {
  /// A time as RFC 3339, or as a clock on the wall shows it in a zone; refused outside of what can be reckoned.
  static func instant(_ text: String, in zone: TimeZoneTable) throws -> Instant {
    if let instant = Instant(rfc3339: text) { return instant }
    if let instant = Instant(local: text, in: zone), instant >= .earliest, instant <= .latest { return instant }
    // With an offset it is not known how far out it lies, but it is by more than a zone.
    var copy = text
    let local = copy.withUTF8 { LocalTime.parse(isoPrefix: $0)?.0 }
    let reach = Instant.earliest.microseconds + 86_400_000_000...Instant.latest.microseconds - 86_400_000_000
    if let local, !reach.contains(local.microseconds) {
      throw ValidationError("\(text) lies outside of 1970-01-01 to 2099-12-30, within which time is reckoned.")
    }
    throw ValidationError(
      "\(text) is not a time; write for example 2026-09-18T10:00 or 2026-09-18T10:00:00+08:00.")
  }
}

extension Instant {
  /// A wall-clock time `YYYY-MM-DDThh:mm[:ss]` in a zone.
  init?(local text: String, in zone: TimeZoneTable) {
    var text = text
    let local = text.withUTF8 { bytes -> LocalTime? in
      guard let (local, used) = LocalTime.parse(isoPrefix: bytes), used == bytes.count else { return nil }
      return local
    }
    guard let local else { return nil }
    self = zone.instant(local)
  }
}
