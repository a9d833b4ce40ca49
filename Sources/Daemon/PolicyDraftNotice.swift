import Journal
import Ledger
import LibPQ
import Settings

/// Tells where the draft beside the configuration is not what is in force.
public struct PolicyDraftNotice: Sendable {
  /// A draft, and the name of its file.
  public struct Draft: Sendable {
    var name: String
    var content: PolicyDraft
  }

  private let database: DatabaseSource
  private let clock: any WallClock
  private let log: any LogSink

  /// A notice over a database.
  public init(database: DatabaseSource, clock: any WallClock, log: any LogSink) {
    self.database = database
    self.clock = clock
    self.log = log
  }

  /// The draft of a configuration; where it cannot be used the log says why, and what is in force stays.
  public func draft(of configuration: Configuration) -> Draft? {
    do {
      let documents = try Installation.draft(configuration)
      return Draft(name: documents.policyName, content: try PolicyDraft.parse(documents))
    } catch {
      _ = log.write(
        LogRecord(
          time: clock.microseconds(), priority: .warning,
          message: "The policy draft cannot be used, what is in force stays; see: bizclock policy check. "
            + ConfigurationService.faults(of: error).line))
      return nil
    }
  }

  /// Says so if a draft is not what is in force; fails where the database does not answer.
  public func tell(_ draft: Draft) async throws {
    let connection = try await database.connect(.ask)
    let inForce = try await connection.run { try Rules.inForce(&$0) }
    await connection.close()
    guard let changes = try inForce?.changes(by: draft.content), !changes.isEmpty else { return }
    _ = log.write(
      LogRecord(
        time: clock.microseconds(), priority: .notice, event: .policyDiffers,
        message: "The policy draft \(draft.name) is not what is in force: it changes \(changes.words); "
          + "see: bizclock policy diff \(draft.name)."))
  }
}
