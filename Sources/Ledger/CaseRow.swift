import ServiceTime

/// A row of `bizclock.case_file`: a case's attributes as its events tell them.
struct CaseRow: Sendable {
  var caseID: Identifier
  var attributes: CaseAttributes
  var reportTag: String?
  var firstOccurredAt: Instant?
  var lastOccurredAt: Instant?
  var events: Int32
  /// What it adds to shares, in event order.
  var shares: [SharePart]

  init(caseID: Identifier, fold: CaseFold, rulebook: Rulebook) {
    self.init(caseID: caseID, fold: fold, marks: fold.shareMarks, rulebook: rulebook)
  }

  /// A row of a fold whose marks are at hand.
  init(caseID: Identifier, fold: CaseFold, marks: [ShareMark], rulebook: Rulebook) {
    self.caseID = caseID
    attributes = fold.attributes
    reportTag = rulebook.reportTag(fold.attributes.tags)
    firstOccurredAt = fold.firstOccurredAt
    lastOccurredAt = fold.lastOccurredAt
    events = Int32(clamping: fold.eventCount)
    shares = marks.map {
      SharePart(commitment: rulebook.policy.shares[$0.share].id, day: $0.day, counted: $0.counted)
    }
  }

  init(
    caseID: Identifier, attributes: CaseAttributes, reportTag: String?, firstOccurredAt: Instant?,
    lastOccurredAt: Instant?, events: Int32, shares: [SharePart]
  ) {
    self.caseID = caseID
    self.attributes = attributes
    self.reportTag = reportTag
    self.firstOccurredAt = firstOccurredAt
    self.lastOccurredAt = lastOccurredAt
    self.events = events
    self.shares = shares
  }

  /// What reports tell apart, as finished clocks of the case are counted under.
  var dimensions: Dimensions {
    Dimensions(
      process: Identifier(attributes.process ?? ""), region: Identifier(attributes.region ?? ""),
      channel: Identifier(attributes.channel ?? ""), entityType: Identifier(attributes.entityType ?? ""),
      reportTag: Identifier(reportTag ?? ""))
  }
}

/// Texts are compared by their bytes, as the database does: Swift takes canonically equivalent spellings (樂 as
/// U+6A02 and as U+F914) for one, and the row would keep whichever came first.
extension CaseRow: Equatable {
  static func == (a: CaseRow, b: CaseRow) -> Bool {
    let (mine, theirs) = (a.attributes, b.attributes)
    return a.caseID == b.caseID && a.firstOccurredAt == b.firstOccurredAt && a.lastOccurredAt == b.lastOccurredAt
      && a.events == b.events && same(a.reportTag, b.reportTag) && same(mine.process, theirs.process)
      && same(mine.region, theirs.region) && same(mine.grid, theirs.grid)
      && same(mine.serviceWindow, theirs.serviceWindow) && same(mine.channel, theirs.channel)
      && same(mine.entityName, theirs.entityName) && same(mine.entityType, theirs.entityType)
      && same(mine.uscc, theirs.uscc) && a.tags == b.tags && a.shares == b.shares
  }

  private static func same(_ a: String?, _ b: String?) -> Bool {
    a.map { Identifier($0) } == b.map { Identifier($0) }
  }

  private var tags: [Identifier]? { attributes.tags.map { tags in tags.map { Identifier($0) } } }
}

/// What reports tell apart, by its bytes; empty where not known.
struct Dimensions: Sendable, Hashable, Comparable {
  var process: Identifier
  var region: Identifier
  var channel: Identifier
  var entityType: Identifier
  var reportTag: Identifier

  static func < (a: Dimensions, b: Dimensions) -> Bool {
    (a.process, a.region, a.channel, a.entityType, a.reportTag) < (
      b.process, b.region, b.channel, b.entityType, b.reportTag
    )
  }
}
