/// What a token lets its holder do.
public enum TokenScope: String, CaseIterable, Sendable, Hashable {
  /// Read `/metrics`.
  case metrics
  /// Read cases.
  case read
  /// Post events.
  case ingest
}
