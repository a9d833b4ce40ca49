import Daemon

/// Whether the daemon lives, and whether it serves.
struct Readiness: Sendable {
  let state: DaemonState
  /// Nil before there is a database to ask.
  let probe: DatabaseProbe?
  /// The loops that have not shown themselves for too long.
  let overdue: @Sendable () -> [String]

  /// 200 while the process's loops live: a database that is away is no reason to restart the daemon.
  func health() -> Answer {
    let overdue = overdue().sorted()
    guard !overdue.isEmpty else { return .json(.ok, [("status", .text("ok"))]) }
    return .json(
      .serviceUnavailable,
      [("status", .text("stuck")), ("overdue", .array(overdue.map { .text($0) }))])
  }

  /// 200 while the part it plays is known, every feed has been looked at and the database serves.
  func readiness() async -> Answer {
    let isUp = await probe?.look(counting: false).isUp ?? false
    let snapshot = state.snapshot
    if let missing = Readiness.missing(snapshot, isDatabaseUp: isUp) {
      return .json(.serviceUnavailable, [("status", .text("not ready")), ("missing", .text(missing))])
    }
    let role = snapshot.role == .leading ? "leading" : "standby"
    return .json(.ok, [("status", .text("ready")), ("role", .text(role))])
  }

  /// What is missing, in plain words; nil where nothing is.
  static func missing(_ snapshot: DaemonState.Snapshot, isDatabaseUp: Bool) -> String? {
    if !isDatabaseUp { return "the database does not answer" }
    if snapshot.role == .unknown { return "it is not known yet whether this daemon leads or stands by" }
    let unseen = snapshot.feeds.subtracting(snapshot.feedsSeen).sorted()
    guard unseen.isEmpty else {
      return "the directories of these feeds have not been looked into yet: " + unseen.joined(separator: ", ")
    }
    return nil
  }
}
