import ArgumentParser
import Daemon
import Foundation
import Ledger
import LibPQ
import ServiceTime
import Settings

/// Options that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(help: "The configuration file; /etc/bizclock/bizclock.yaml if left out.")
  var config: String?

  func configuration(for use: ConfigurationUse) throws -> Configuration {
    try Configuration.load(config, for: use, environment: ProcessInfo.processInfo.environment)
  }

  /// The configuration of whoever only asks for a date: where nobody named one, and the machine's is not theirs to read,
  /// they are told so, and get none.
  func draftConfiguration() throws -> Configuration {
    try Configuration.load(config, for: .draft, environment: ProcessInfo.processInfo.environment) { fault in
      Terminal.note(
        "\(fault); without it the shipped policy holds, unless --policy or BIZCLOCK_POLICY names another")
    }
  }

  /// Runs a body on the database of the installation, whose schema must be this program's.
  func withDatabase<R>(_ body: (DatabaseSource) async throws -> R) async throws -> R {
    let installation = try await open()
    try await installation.checkSchema()
    return try await body(installation.database)
  }

  /// Asks the database of the installation something on one connection.
  func asking<R: Sendable>(_ body: @escaping @Sendable (inout Session) throws -> R) async throws -> R {
    try await withDatabase { database in
      let connection = try await database.connect(.ask)
      let answer = try await connection.run { try body(&$0) }
      await connection.close()
      return answer
    }
  }

  func open() async throws -> Installation { try await Installation.open(try configuration(for: .command)) }
}

/// Policies that are not in force.
enum Drafts {
  /// The compiled policy of a file, of the configuration, or the shipped one.
  static func rulebook(policy path: String?, _ globals: GlobalOptions) throws -> Rulebook {
    let documents: PolicyDocuments
    if let path {
      documents = try PolicyDocuments.read(path)
    } else {
      documents = try Installation.draft(try globals.draftConfiguration())
    }
    let draft = try PolicyDraft.parse(documents)
    return try RuleLoader.compile(draft.policy, draft.calendars)
  }
}
