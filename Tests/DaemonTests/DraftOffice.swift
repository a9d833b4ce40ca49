import Foundation
import TestSupport
import Testing

@testable import Daemon

/// An office whose policy file is edited, and its commands.
struct DraftOffice: Sendable {
  let folder: OfficeFolder
  /// The policy file.
  var draft: String { folder.path + "/policy.yaml" }

  /// An office with the shipped rules in force.
  static func with(_ body: @Sendable (DraftOffice) async throws -> Void) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = try OfficeFolder(conninfo: conninfo)
      defer { folder.remove() }
      try await folder.migrate()
      try await body(DraftOffice(folder: folder))
    }
  }

  func run(_ words: String..., input: String = "") async throws -> ProgramRun { try await run(words, input: input) }

  private func run(_ words: [String], input: String = "") async throws -> ProgramRun {
    try await ProgramRun.finished(["--config", folder.path + "/bizclock.yaml"] + words, input: input)
  }

  /// Puts the policy file in force.
  func apply(_ words: String...) async throws -> ProgramRun {
    let applied = try await run(["policy", "apply", draft] + words)
    #expect(applied.status == 0, "\(applied.errors)")
    return applied
  }

  /// The token of what the policy file would move.
  func token() async throws -> String {
    let shown = try await run("policy", "diff", draft)
    return String(try #require(shown.output.split(separator: "\n").last { $0.hasPrefix("token ") }).dropFirst(6))
  }

  // MARK: - The policy file

  func text() throws -> String { try String(contentsOfFile: draft, encoding: .utf8) }

  func write(_ text: String) throws { try text.write(toFile: draft, atomically: true, encoding: .utf8) }

  func edit(_ old: String, _ new: String) throws { try edit(old) { _ in new } }

  func edit(_ old: String, _ change: (String) -> String) throws {
    let text = try text()
    try #require(text.contains(old), "\(old)")
    try write(text.replacing(old, with: change(old), maxReplacements: 1))
  }

  // MARK: - The database

  /// The rules that came into force after the first, with the reasons.
  func rules() async throws -> [String] {
    try await TestQuery.rows(
      folder.conninfo, "SELECT kind || ' ' || reason FROM bizclock.rules WHERE applied_by <> 'migrate' ORDER BY id"
    ).map { $0[0] }
  }

  /// The due times of the open clocks.
  func due() async throws -> [String] {
    try await TestQuery.rows(
      folder.conninfo,
      """
      SELECT concat_ws(' ', case_id, commitment, to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'))
      FROM dashboard.open_clock ORDER BY 1
      """
    ).map { $0[0] }
  }

  /// Why verdicts became others.
  func reasons() async throws -> [String] {
    try await TestQuery.rows(
      folder.conninfo, "SELECT DISTINCT reason FROM bizclock.verdict_history WHERE reason IS NOT NULL"
    ).map { $0[0] }
  }
}
