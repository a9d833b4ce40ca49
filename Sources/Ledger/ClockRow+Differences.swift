import ServiceTime

extension ClockRow {
  /// The fields in which two rows differ: name, here, there.
  func fields(against other: ClockRow) -> [(String, String, String)] {
    var differences: [(String, String, String)] = []
    func compare<T: Equatable>(_ name: String, _ a: T, _ b: T) {
      if a != b { differences.append((name, "\(a)", "\(b)")) }
    }
    compare("version_from", versionFrom, other.versionFrom)
    compare("started_at", startedAt, other.startedAt)
    compare("started_received_at", startedReceivedAt, other.startedReceivedAt)
    compare("due_at", dueAt?.description ?? "null", other.dueAt?.description ?? "null")
    compare("stopped_at", stoppedAt?.description ?? "null", other.stoppedAt?.description ?? "null")
    compare("mark_at", markAt, other.markAt)
    compare("measures", measures, other.measures)
    compare("overrun", overrun, other.overrun)
    compare("mark_office", markOffice, other.markOffice)
    compare("due_day", dueDay?.description ?? "null", other.dueDay?.description ?? "null")
    compare("stopped_day", stoppedDay?.description ?? "null", other.stoppedDay?.description ?? "null")
    compare("mark_day", markDay, other.markDay)
    compare("extended_days", extendedDays, other.extendedDays)
    compare("provisional", provisional, other.provisional)
    compare("breached", breached, other.breached)
    compare("early", early, other.early)
    compare("history", history, other.history)
    compare("state", state.rawValue, other.state.rawValue)
    compare("verdict", verdict?.rawValue ?? "null", other.verdict?.rawValue ?? "null")
    compare("outcome", outcome ?? "null", other.outcome ?? "null")
    compare("calendar", calendar, other.calendar)
    compare("levels", levels, other.levels)
    compare("pauses", pauses, other.pauses)
    return differences
  }
}
