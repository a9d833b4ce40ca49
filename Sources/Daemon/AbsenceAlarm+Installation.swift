import Journal
import Settings

extension AbsenceAlarm {
  /// The alarm of an installation: what must survive the program lies in the state directory.
  public convenience init(_ installation: Installation, log: any LogSink) {
    self.init(installation.database, installation.configuration, log)
  }

  /// The alarm of a daemon that has no database yet; nil where it starts its own, which is away until it has.
  public convenience init?(_ configuration: Configuration, log: any LogSink) {
    guard case .conninfo(let conninfo) = configuration.database else { return nil }
    self.init(DatabaseSource(conninfo: conninfo), configuration, log)
  }

  private convenience init(_ database: DatabaseSource, _ configuration: Configuration, _ log: any LogSink) {
    self.init(
      database: database, log: log, directory: configuration.stateDirectory,
      retrospectiveAfter: configuration.alerts.retrospectiveAfter)
  }

  /// Does a piece of work that may have to wait for the database, and tells meanwhile of levels that are reached.
  public func during<R: Sendable>(
    _ clock: any WallClock, _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let alarm = Task { await run(on: clock) }
    let result: Result<R, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    alarm.cancel()
    await alarm.value
    return try result.get()
  }
}
