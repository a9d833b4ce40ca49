import Ledger
import LibPQ
import ServiceTime
import Settings

@testable import Daemon

/// Puts an altered shipped policy in force.
enum PolicyChange {
  struct NotFound: Error { var text: String }

  static func apply(
    _ kinds: [RuleDocument.Kind] = [.policy], to conninfo: String, at now: String, replacing old: String,
    with new: String
  ) async throws {
    var documents = try PolicyDocuments.shipped()
    guard documents.policyText.contains(old) else { throw NotFound(text: old) }
    documents.policyText = documents.policyText.replacing(old, with: new)
    let document = RuleDocument(documents)
    let rulebook = try RuleLoader.compile(policy: document, calendar: document)
    let connection = try await Connection.connect(conninfo)
    _ = try await connection.run { session in
      try Rules.apply(
        kinds.map { ($0, document) }, rulebook: rulebook, by: "test", reason: "a test",
        retrospectiveAfter: 86_400_000_000, now: { Instant(rfc3339: now) ?? Instant(microseconds: 0) }, on: &session
      )
    }
    await connection.close()
  }
}

extension ClosureDesk {
  /// Puts a document of the desk in force, whatever it moves.
  func apply(
    _ document: RuleDocument, by name: String, reason: String, retrospectiveAfter: Int64, now: Instant,
    on session: inout Session
  ) throws -> Rules.Applied {
    try Rules.apply(
      try change(document, retrospectiveAfter: retrospectiveAfter),
      Rules.Consent(by: name, reason: reason, restate: true), now: { now }, on: &session)
  }
}
