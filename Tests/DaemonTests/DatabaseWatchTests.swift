import Journal
import LibPQ
import ServiceTime
import Testing

@testable import Daemon

/// What is said of a database that is away, and of one that refuses the work.
@Suite struct DatabaseWatchTests {
  private static let away = PostgresError(.unreachable, operation: "connect", message: "no route")
  private static let refused = PostgresError(
    .server, operation: "COPY", message: "duplicate key", code: .uniqueViolation)

  /// Each is told once; an absence that follows a refusal is told at once, and only an absence is over with a word.
  @Test func absenceAndRefusalAreToldApart() async {
    let log = MemorySink()
    // Silenced, so that nothing is waited for.
    let bell = Doorbell()
    bell.silence()
    var watch = DatabaseWatch(clock: ManualClock(Instant(microseconds: 0)), log: log)
    await watch.lost(DatabaseWatchTests.refused, bell)
    await watch.lost(DatabaseWatchTests.refused, bell)
    #expect(log.records.map(\.event) == [nil])
    #expect(log.records.first?.message.contains("refuses the work") == true)
    watch.found()
    #expect(log.records.count == 1)
    await watch.lost(DatabaseWatchTests.refused, bell)
    await watch.lost(DatabaseWatchTests.away, bell)
    await watch.lost(DatabaseWatchTests.away, bell)
    watch.found()
    watch.found()
    #expect(log.records.map(\.event) == [nil, nil, .databaseLost, .databaseBack])
  }
}
