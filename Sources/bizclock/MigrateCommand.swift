import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Creates or upgrades the schema.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract:
      "Create or upgrade the schema and the views; an empty database gets the policy and calendar of the files.")

  @OptionGroup var globals: GlobalOptions
  @Flag(help: "Only say whether there is something to do; exit status 1 if there is.") var check = false

  func run() async throws {
    let installation = try await globals.open()
    if check {
      let connection = try await installation.database.connect(.ask)
      let version = try await connection.run { try Schema.version(&$0) }
      await connection.close()
      Terminal.print("schema version \(version), this program has \(Schema.newest)")
      if version != Schema.newest { throw ExitCode(1) }
      return
    }
    let done: Installation.Migration
    do {
      done = try await installation.migrate(now: SystemClock().now())
    } catch let fault as Schema.Fault {
      Terminal.note("bizclock: \(fault)")
      throw ExitCode(78)
    }
    Terminal.print(
      done.schema.isCurrent
        ? "schema version \(done.schema.newest): nothing to upgrade, views made anew"
        : "schema upgraded from version \(done.schema.before) to \(done.schema.newest)")
    if done.lacksDashboardRole {
      Terminal.note(
        "the role bizclock_dashboard is missing, and this one may not create it; as a superuser: "
          + "CREATE ROLE bizclock_dashboard NOLOGIN; then migrate again")
    }
    if done.appliedDraft { Terminal.print("the policy and calendar of the files are in force") }
  }
}
