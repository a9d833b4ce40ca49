import Journal
import Ledger
import LibPQ
import Settings

/// Tells where the draft beside the configuration is not what is in force.
public struct PolicyDraftNotice: Sendable {
  private let database: DatabaseSource
  private let clock: any WallClock
  private let log: any LogSink

  /// A notice over a database.
  public init(database: DatabaseSource, clock: any WallClock, log: any LogSink) {
    self.database = database
    self.clock = clock
    self.log = log
  }

  /// The draft of a configuration; where it cannot be read the log says why, and what is in force stays.
  public func draft(of configuration: Configuration) -> PolicyDocuments? {
    do { return try Installation.draft(configuration) } catch {
      _ = log.write(
        LogRecord(
          time: clock.microseconds(), priority: .warning,
          message: "The policy draft cannot be read, what is in force stays; see: bizclock policy check. "
            + "\(error)".replacing("\n", with: "; ")))
      return nil
    }
  }

  /// Says so if a draft is not what is in force; fails where the database does not answer.
  public func tell(_ draft: PolicyDocuments) async throws {
    let connection = try await database.connect(.ask)
    let inForce = try await connection.run { try Rules.inForce(&$0) }
    await connection.close()
    guard let inForce else { return }
    let document = RuleDocument(draft)
    guard document != inForce.policy || document.files != inForce.calendar.writtenFiles else { return }
    _ = log.write(
      LogRecord(
        time: clock.microseconds(), priority: .notice, event: .policyDiffers,
        message: "The policy draft \(draft.policyName) is not what is in force; see: bizclock policy apply."))
  }
}
