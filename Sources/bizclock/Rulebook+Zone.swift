import ServiceTime

extension Rulebook {
  /// The zone in which times are shown: of the first commitment's calendar.
  var officeZone: TimeZoneTable { policy.commitments.first.flatMap { calendars[$0.calendar]?.zone } ?? .utc }
}
