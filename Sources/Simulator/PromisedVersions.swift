import ServiceTime

/// The limits of `PromisedTimes` as the reckoner takes them.
struct PromisedVersions: Sendable {
  let from: CivilDate
  let opening: CommitmentVersion
  let licence: CommitmentVersion
  let notice: CommitmentVersion

  init(_ times: PromisedTimes) {
    from = times.from
    opening = CommitmentVersion(from: times.from, limit: .workingDays(times.openingDays))
    licence = CommitmentVersion(from: times.from, limit: .workingDays(times.licenceDays))
    // The night job has the night to take notices down.
    notice = CommitmentVersion(
      from: times.from, limit: .calendarDays(times.noticeDays), dayEnd: .midnight, grace: 8 * 3_600_000_000)
  }
}
