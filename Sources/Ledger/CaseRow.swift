import ServiceTime

/// A row of `bizclock.case_file`: a case's attributes as its events tell them. A class, as a row is handed on
/// from what was to what is.
final class CaseRow: Sendable {
  let caseID: Identifier
  let attributes: CaseAttributes
  /// Whether any of its events ever told an entity type that may be a person's.
  let mayBeIndividual: Bool
  let reportTag: String?
  let firstOccurredAt: Instant?
  let lastOccurredAt: Instant?
  let events: Int32
  /// What it adds to shares, in event order.
  let shares: [SharePart]

  convenience init(caseID: Identifier, fold: CaseFold, rulebook: Rulebook) {
    self.init(caseID: caseID, fold: fold, marks: fold.shareMarks, rulebook: rulebook)
  }

  /// A row of a fold whose marks are at hand.
  init(caseID: Identifier, fold: CaseFold, marks: [ShareMark], rulebook: Rulebook) {
    self.caseID = caseID
    attributes = fold.attributes
    mayBeIndividual = fold.mayBeIndividual
    reportTag = rulebook.reportTag(fold.attributes.tags)
    firstOccurredAt = fold.firstOccurredAt
    lastOccurredAt = fold.lastOccurredAt
    events = Int32(clamping: fold.eventCount)
    shares = marks.map {
      SharePart(commitment: rulebook.policy.shares[$0.share].id, day: $0.day, counted: $0.counted)
    }
  }

  init(
    caseID: Identifier, attributes: CaseAttributes, mayBeIndividual: Bool, reportTag: String?,
    firstOccurredAt: Instant?, lastOccurredAt: Instant?, events: Int32, shares: [SharePart]
  ) {
    self.caseID = caseID
    self.attributes = attributes
    self.mayBeIndividual = mayBeIndividual
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

  /// Whether reports tell it apart from another.
  func isCounted(like other: CaseRow) -> Bool {
    let (mine, theirs) = (attributes, other.attributes)
    return CaseRow.same(mine.process, theirs.process) && CaseRow.same(mine.region, theirs.region)
      && CaseRow.same(mine.channel, theirs.channel) && CaseRow.same(mine.entityType, theirs.entityType)
      && CaseRow.same(reportTag, other.reportTag)
  }
}

/// Texts are compared by their bytes, as the database does: Swift takes canonically equivalent spellings (樂 as
/// U+6A02 and as U+F914) for one, and the row would keep whichever came first.
extension CaseRow: Equatable {
  static func == (a: CaseRow, b: CaseRow) -> Bool {
    if a === b { return true }
    let (mine, theirs) = (a.attributes, b.attributes)
    return a.caseID == b.caseID && a.firstOccurredAt == b.firstOccurredAt && a.lastOccurredAt == b.lastOccurredAt
      && a.events == b.events && a.mayBeIndividual == b.mayBeIndividual && same(a.reportTag, b.reportTag)
      && same(mine.process, theirs.process)
      && same(mine.region, theirs.region) && same(mine.grid, theirs.grid)
      && same(mine.serviceWindow, theirs.serviceWindow) && same(mine.channel, theirs.channel)
      && same(mine.entityName, theirs.entityName) && same(mine.entityType, theirs.entityType)
      && same(mine.uscc, theirs.uscc) && a.tags == b.tags && a.shares == b.shares
  }

  fileprivate static func same(_ a: String?, _ b: String?) -> Bool {
    a.map { Identifier($0) } == b.map { Identifier($0) }
  }

  private var tags: [Identifier]? { attributes.tags.map { tags in tags.map { Identifier($0) } } }
}

/// What reports tell apart, by its bytes; empty where not known. A class, as each finished clock hands it on to its cells.
final class Dimensions: Sendable, Hashable, Comparable {
  let process: Identifier
  let region: Identifier
  let channel: Identifier
  let entityType: Identifier
  let reportTag: Identifier
  /// Reckoned once: each finished clock looks for its cells.
  private let hash: Int

  init(
    process: Identifier, region: Identifier, channel: Identifier, entityType: Identifier, reportTag: Identifier
  ) {
    self.process = process
    self.region = region
    self.channel = channel
    self.entityType = entityType
    self.reportTag = reportTag
    var hasher = Hasher()
    for part in [process, region, channel, entityType, reportTag] { hasher.combine(part) }
    hash = hasher.finalize()
  }

  static func == (a: Dimensions, b: Dimensions) -> Bool {
    if a === b { return true }
    return a.hash == b.hash && a.region == b.region && a.process == b.process && a.channel == b.channel
      && a.entityType == b.entityType && a.reportTag == b.reportTag
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  /// Of what nobody tells apart.
  static let unknown = Dimensions(process: "", region: "", channel: "", entityType: "", reportTag: "")

  static func < (a: Dimensions, b: Dimensions) -> Bool {
    if a.process != b.process { return a.process < b.process }
    if a.region != b.region { return a.region < b.region }
    if a.channel != b.channel { return a.channel < b.channel }
    if a.entityType != b.entityType { return a.entityType < b.entityType }
    return a.reportTag < b.reportTag
  }
}
