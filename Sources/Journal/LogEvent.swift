/// The names by which monitoring recognises what happened; a record without one is a general message.
///
/// The names are a promise to operators: they are added to, never renamed.
public enum LogEvent: String, CaseIterable, Hashable, Sendable {
  /// A clock reached a level and the alert was recorded.
  case alertRaised = "alert.raised"
  /// The clock of a standing alert stopped.
  case alertResolved = "alert.resolved"
  /// Later knowledge showed that an alert should not have been raised.
  case alertWithdrawn = "alert.withdrawn"
  /// Later knowledge changed the due time of a standing alert.
  case alertAmended = "alert.amended"
  /// Many levels were reached at one instant; this line counts them.
  case alertSummary = "alert.summary"
  /// A level was reached while the database could not record the alert.
  case alertUnrecorded = "alert.unrecorded"
  /// A feed has delivered nothing for longer than it may.
  case feedStalled = "feed.stalled"
  /// A stalled feed delivers again.
  case feedResumed = "feed.resumed"
  /// Rejected input waits for somebody to look at it.
  case quarantineGrowing = "quarantine.growing"
  /// A calendar's published days end soon.
  case calendarHorizon = "calendar.horizon"
  /// The configured policy is not the one in force.
  case policyDiffers = "policy.differs"
  /// This process became the projector.
  case leaderElected = "leader.elected"
  /// This process is no longer the projector.
  case leaderDeposed = "leader.deposed"
  /// The database cannot be reached.
  case databaseLost = "database.lost"
  /// The database can be reached again.
  case databaseBack = "database.back"
  /// The daemon serves.
  case ready
  /// The daemon is shutting down.
  case stopping
}
