import LibPQ
import ServiceTime

/// Clocks to and from rows of `bizclock.clock`.
enum ClockRows {
  static let names = [
    "case_id", "commitment", "round", "version_from", "started_at", "started_received_at", "due_at", "stopped_at",
    "mark_at", "next_level_at", "verdict_recorded_at", "working_us", "elapsed_us", "paused_us", "overrun_us",
    "mark_office_us", "due_day", "stopped_day", "mark_day", "counted_days", "overrun_days", "extended_days",
    "provisional", "breached", "early", "history", "state", "verdict", "outcome", "calendar", "level_name",
    "level_priority", "level_revision", "level_at", "level_due_at", "pause_kind", "pause_from", "pause_to",
  ]

  static let columns = names.joined(separator: ", ")

  static func write(_ row: ClockRow, to writer: inout CopyWriter) throws(PostgresError) {
    try writer.row(columns: names.count)
    writer.text(row.caseID.text)
    writer.text(row.key.commitment)
    writer.int4(row.key.round)
    writer.date(row.versionFrom.dayNumber)
    writer.timestamptz(row.startedAt.microseconds)
    writer.timestamptz(row.startedReceivedAt.microseconds)
    writer.timestamptz(row.dueAt?.microseconds)
    writer.timestamptz(row.stoppedAt?.microseconds)
    writer.timestamptz(row.markAt.microseconds)
    writer.timestamptz(row.nextLevelAt?.microseconds)
    writer.timestamptz(row.verdictRecordedAt?.microseconds)
    writer.int8(row.measures.working)
    writer.int8(row.measures.elapsed)
    writer.int8(row.measures.paused)
    writer.int8(row.overrun?.time)
    writer.int8(row.markOffice)
    writer.date(row.dueDay?.dayNumber)
    writer.date(row.stoppedDay?.dayNumber)
    writer.date(row.markDay.dayNumber)
    writer.int4(Int32(clamping: row.measures.countedDays))
    writer.int4(row.overrun.map { Int32(clamping: $0.days) })
    writer.int4(row.extendedDays)
    writer.bool(row.provisional)
    writer.bool(row.breached)
    writer.bool(row.early)
    writer.bool(row.history)
    writer.text(row.state.rawValue)
    writer.text(row.verdict?.rawValue)
    writer.text(row.outcome)
    writer.text(row.calendar)
    if row.levels.isEmpty {
      for _ in 0..<5 { writer.null() }
    } else {
      writer.textArray(row.levels.map(\.level))
      writer.textArray(row.levels.map(\.priority.rawValue))
      writer.int4Array(row.levels.map { Int32(clamping: $0.revision) })
      writer.timestamptzArray(row.levels.map(\.at.microseconds))
      writer.timestamptzArray(row.levels.map(\.dueAt.microseconds))
    }
    if row.pauses.isEmpty {
      for _ in 0..<3 { writer.null() }
    } else {
      writer.textArray(row.pauses.map(\.kind))
      writer.timestamptzArray(row.pauses.map(\.from.microseconds))
      writer.timestamptzArray(row.pauses.map { $0.to?.microseconds })
    }
  }

  /// The columns of a clock that is only moved.
  static let movedColumns =
    "case_id, commitment, round, due_day, due_at, next_level_at, provisional, level_at, level_due_at"

  static func writeMoved(_ row: ClockRow, to writer: inout CopyWriter) throws(PostgresError) {
    try writer.row(columns: 9)
    writer.text(row.caseID.text)
    writer.text(row.key.commitment)
    writer.int4(row.key.round)
    writer.date(row.dueDay?.dayNumber)
    writer.timestamptz(row.dueAt?.microseconds)
    writer.timestamptz(row.nextLevelAt?.microseconds)
    writer.bool(row.provisional)
    if row.levels.isEmpty {
      for _ in 0..<2 { writer.null() }
    } else {
      writer.timestamptzArray(row.levels.map(\.at.microseconds))
      writer.timestamptzArray(row.levels.map(\.dueAt.microseconds))
    }
  }

  static func read(_ result: QueryResult, _ row: Int) throws(PostgresError) -> ClockRow {
    func instant(_ column: Int) throws(PostgresError) -> Instant? {
      try result.optionalTimestamptz(row, column).map { Instant(microseconds: $0) }
    }
    func day(_ column: Int) throws(PostgresError) -> CivilDate? {
      try result.optionalDate(row, column).map { CivilDate(dayNumber: $0) }
    }
    var clock = ClockRow(
      caseID: Identifier(try result.text(row, 0)),
      key: ClockKey(commitment: try result.text(row, 1), round: try result.int4(row, 2)),
      at: Instant(microseconds: try result.timestamptz(row, 4)),
      day: CivilDate(dayNumber: try result.date(row, 3)),
      state: Clock.State(rawValue: try result.text(row, 26)) ?? .running, calendar: try result.text(row, 29))
    clock.startedReceivedAt = Instant(microseconds: try result.timestamptz(row, 5))
    clock.dueAt = try instant(6)
    clock.stoppedAt = try instant(7)
    clock.markAt = Instant(microseconds: try result.timestamptz(row, 8))
    clock.nextLevelAt = try instant(9)
    clock.verdictRecordedAt = try instant(10)
    clock.measures = Measures(
      countedDays: Int(try result.int4(row, 19)), elapsed: try result.int8(row, 12),
      paused: try result.int8(row, 13),
      working: try result.int8(row, 11))
    clock.markOffice = try result.int8(row, 15)
    clock.dueDay = try day(16)
    clock.stoppedDay = try day(17)
    clock.markDay = CivilDate(dayNumber: try result.date(row, 18))
    if let time = try result.optionalInt8(row, 14) {
      clock.overrun = Overrun(time: time, days: Int(try result.optionalInt4(row, 20) ?? 0))
    }
    clock.extendedDays = try result.int4(row, 21)
    clock.provisional = try result.bool(row, 22)
    clock.breached = try result.bool(row, 23)
    clock.early = try result.bool(row, 24)
    clock.history = try result.bool(row, 25)
    clock.verdict = try result.optionalText(row, 27).flatMap { Verdict(rawValue: $0) }
    clock.outcome = try result.optionalText(row, 28)
    if let names = try result.optionalTextArray(row, 30), let priorities = try result.optionalTextArray(row, 31),
      let revisions = try result.optionalInt4Array(row, 32), let ats = try result.optionalTimestamptzArray(row, 33),
      let dues = try result.optionalTimestamptzArray(row, 34)
    {
      clock.levels.reserveCapacity(names.count)
      for index in names.indices {
        guard index < priorities.count, index < revisions.count, index < ats.count, index < dues.count else {
          break
        }
        clock.levels.append(
          LevelReach(
            level: names[index] ?? "", priority: Level.Priority(rawValue: priorities[index] ?? "") ?? .warning,
            revision: Int(revisions[index] ?? 0), at: Instant(microseconds: ats[index] ?? 0),
            dueAt: Instant(microseconds: dues[index] ?? 0)))
      }
    }
    if let kinds = try result.optionalTextArray(row, 35), let froms = try result.optionalTimestamptzArray(row, 36),
      let tos = try result.optionalTimestamptzArray(row, 37)
    {
      for index in kinds.indices where index < froms.count && index < tos.count {
        clock.pauses.append(
          ClockPause(
            kind: kinds[index] ?? "", from: Instant(microseconds: froms[index] ?? 0),
            to: tos[index].map { Instant(microseconds: $0) }))
      }
    }
    return clock
  }
}
