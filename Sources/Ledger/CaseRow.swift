import ServiceTime

/// A row of `bizclock.case_file`: a case's attributes as its events tell them.
struct CaseRow: Sendable, Equatable {
  var caseID: Identifier
  var attributes: CaseAttributes
  var reportTag: String?
  var firstOccurredAt: Instant?
  var lastOccurredAt: Instant?
  var events: Int32

  init(caseID: Identifier, fold: CaseFold, rulebook: Rulebook) {
    self.caseID = caseID
    attributes = fold.attributes
    reportTag = rulebook.reportTag(fold.attributes.tags)
    firstOccurredAt = fold.firstOccurredAt
    lastOccurredAt = fold.lastOccurredAt
    events = Int32(clamping: fold.eventCount)
  }

  init(
    caseID: Identifier, attributes: CaseAttributes, reportTag: String?, firstOccurredAt: Instant?,
    lastOccurredAt: Instant?, events: Int32
  ) {
    self.caseID = caseID
    self.attributes = attributes
    self.reportTag = reportTag
    self.firstOccurredAt = firstOccurredAt
    self.lastOccurredAt = lastOccurredAt
    self.events = events
  }

  /// What reports tell apart, as finished clocks of the case are counted under.
  var dimensions: Dimensions {
    Dimensions(
      process: attributes.process ?? "", region: attributes.region ?? "", channel: attributes.channel ?? "",
      entityType: attributes.entityType ?? "", reportTag: reportTag ?? "")
  }
}

/// What reports tell apart; empty where not known.
struct Dimensions: Sendable, Hashable {
  var process: String
  var region: String
  var channel: String
  var entityType: String
  var reportTag: String
}
