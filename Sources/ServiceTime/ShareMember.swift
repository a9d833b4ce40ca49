/// An event of a case that belongs to a share's population.
struct ShareMember: Sendable {
  /// The share's place among those of the policy.
  var share: Int
  /// The local date on which it happened.
  var day: CivilDate
  /// Which event it is.
  var event: EventKey
  /// The event's own attributes; what it leaves out but the channel the case may know.
  var channel: String?
  var region: String?
  var entityType: String?
  var tags: [String]?

  init(_ event: Event, share: Int, calendar: WorkCalendar) {
    self.share = share
    day = calendar.date(of: event.occurredAt)
    self.event = event.key
    channel = event.channel
    region = event.region
    entityType = event.entityType
    tags = event.tags
  }

  /// Whether it counts in a case of such attributes.
  ///
  /// The channel is the event's own or none: a case begun online may have its tax step at the window.
  func counts(for scope: CaseScope, in attributes: CaseAttributes) -> Bool {
    var own = attributes
    own.channel = channel
    if let region { own.region = region }
    if let entityType { own.entityType = entityType }
    if let tags { own.tags = tags }
    return scope.matches(own)
  }
}

/// What an event adds to a share.
public struct ShareMark: Sendable, Equatable {
  /// The share's place among those of the policy.
  public var share: Int
  /// The local date to which it belongs.
  public var day: CivilDate
  /// Whether it counts.
  public var counted: Bool
  /// Which event it is.
  public var event: EventKey
}
