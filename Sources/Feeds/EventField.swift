/// The fields of an event that the contract names; the raw values are their names in JSON, CSV and mappings.
public enum EventField: String, Sendable, Hashable, CaseIterable {
  case eventID = "event_id"
  case caseID = "case_id"
  case type
  case occurredAt = "occurred_at"
  case sequence
  case process
  case step
  case source
  case region
  case grid
  case serviceWindow = "service_window"
  case channel
  case entityName = "entity_name"
  case entityType = "entity_type"
  case uscc
  case tags
  case voids
  case extendDays = "extend_days"

  /// Most Unicode scalars of the field's text (of one tag, for `tags`).
  ///
  /// Scalars are what PostgreSQL's `char_length` counts. The contract sets those of the ids, `type` and `source`;
  /// the others are bounded so that every value fits an index.
  public var maximumScalars: Int {
    switch self {
    case .eventID, .caseID, .voids: 128
    case .type, .process, .step, .channel, .entityType, .tags: 64
    case .source, .grid, .serviceWindow, .uscc: 255
    case .entityName: 1024
    case .occurredAt: 64
    case .region: 12
    case .sequence, .extendDays: 20
    }
  }

  /// Whether an empty text breaks the field's rule; elsewhere it says nothing, as null does.
  var refusesEmpty: Bool {
    switch self {
    case .eventID, .caseID, .type, .occurredAt, .source, .region, .voids: true
    default: false
    }
  }

  /// Whether the field names something by a number or code that a spreadsheet may have spoiled.
  var isIdentifier: Bool {
    switch self {
    case .eventID, .caseID, .region, .uscc, .voids: true
    default: false
    }
  }

  /// Whether events of one row cannot have it in common.
  public var isOfOneEvent: Bool {
    switch self {
    case .eventID, .type, .occurredAt, .voids, .extendDays: true
    default: false
    }
  }

  /// Whether a line break in the field of a CSV row can only come from a stray quote.
  var isOneLine: Bool { self != .entityName && self != .grid && self != .tags }

  /// Place in `allCases`.
  @inline(__always)
  var index: Int {
    switch self {
    case .eventID: 0
    case .caseID: 1
    case .type: 2
    case .occurredAt: 3
    case .sequence: 4
    case .process: 5
    case .step: 6
    case .source: 7
    case .region: 8
    case .grid: 9
    case .serviceWindow: 10
    case .channel: 11
    case .entityName: 12
    case .entityType: 13
    case .uscc: 14
    case .tags: 15
    case .voids: 16
    case .extendDays: 17
    }
  }

  /// The field's bit in a mask.
  @inline(__always)
  var bit: UInt32 { 1 << UInt32(index) }
}
