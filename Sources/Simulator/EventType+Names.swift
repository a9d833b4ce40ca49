import ServiceTime

/// Types looked up once.
extension EventType {
  static let submitted = EventType("submitted")
  static let accepted = EventType("accepted")
  static let correctionRequested = EventType("correction_requested")
  static let correctionReceived = EventType("correction_received")
  static let suspended = EventType("suspended")
  static let resumed = EventType("resumed")
  static let stepStarted = EventType("step_started")
  static let stepCompleted = EventType("step_completed")
  static let noticePublished = EventType("notice_published")
  static let objectionRaised = EventType("objection_raised")
  static let noticeEnded = EventType("notice_ended")
  static let completed = EventType("completed")
  static let withdrawn = EventType("withdrawn")
}
