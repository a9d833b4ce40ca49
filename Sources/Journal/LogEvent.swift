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
  /// The log takes records again after it refused some; this line counts the refusals.
  case logRefused = "log.refused"
  /// The configuration was read anew and taken over.
  case configurationLoaded = "configuration.loaded"
  /// The configuration was read anew and has faults; the one before goes on.
  case configurationRefused = "configuration.refused"
  /// A part of the daemon does not go on; the service manager's watchdog is not fed.
  case serviceHangs = "service.hangs"
  /// The daemon serves.
  case ready
  /// The daemon is shutting down.
  case stopping
}

extension LogEvent {
  /// The `MESSAGE_ID` of the journal: 128 bits, 32 small hexadecimal digits.
  ///
  /// `journalctl -x` finds the text of the message catalogue by it, and filters of operators name it: the id of an
  /// event never changes.
  public var messageID: String {
    switch self {
    case .alertRaised: "8898c7e926d6484888f380454cd97534"
    case .alertResolved: "dd0557d8a2514cdaa0b8563794e955b6"
    case .alertWithdrawn: "ae7315b32dde448789648d23e35c54ac"
    case .alertAmended: "3591322a237f48b29b3f1a7aa62051eb"
    case .alertSummary: "20da8acd403b4bc2a17f1fc51050f1e4"
    case .alertUnrecorded: "7a30eabb33a44d02bc88a3089f3ca3dd"
    case .feedStalled: "6987e031b9f247939808c6d0e8322445"
    case .feedResumed: "8df0ffd6771a481f8d89a2e61ad6fe99"
    case .quarantineGrowing: "5514d3dcb4fe41aeb3f5cd6be1fe9f7e"
    case .calendarHorizon: "ff5032443b9344f589a1577b69ab9eb7"
    case .policyDiffers: "b0335bdc8fcb4ac0aadf5527f3c8ad84"
    case .leaderElected: "8033b995a8ef4d18b8237306ddd57dbd"
    case .leaderDeposed: "0daebabc54ac490085411ee9814cd240"
    case .databaseLost: "054b8a6f635d42968bf17722d24691b2"
    case .databaseBack: "d41cfaad68cd4b1ba7533e88e1e313fe"
    case .logRefused: "3ff4646d77e048b884382153d17b331e"
    case .configurationLoaded: "17acd22fd9614a82ae7ada5f19ae46d4"
    case .configurationRefused: "e77df6c4c11746daa1d546c1f8f87f81"
    case .serviceHangs: "67969395a3e34baf905c0a3a1929fec3"
    case .ready: "9f1d93e27fc5406bbc6d783c8487a1d6"
    case .stopping: "eb81b574e02c4beeb7f258edb5adc7df"
    }
  }
}
