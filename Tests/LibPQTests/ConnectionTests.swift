import LibPQ
import TestSupport
import Testing

/// Broken connections, time-outs, cancellation and notifications against a real server.
@Suite struct ConnectionTests {
  @Test func nobodyThere() async throws {
    let error = await #expect(throws: PostgresError.self) {
      _ = try await Connection.connect("host=/nonexistent password=hushhush dbname=x")
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.isRetryable == true)
    #expect(error?.description.contains("hushhush") == false)
    let hostile = await #expect(throws: PostgresError.self) {
      _ = try await Connection.connect("host='unterminated")
    }
    #expect(hostile?.kind == .setup)
  }

  /// A host that takes connections and never says a word costs its own time only; the next is tried.
  @Test func aSilentHostIsPassedOver() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let silent = try #require(SilentServer())
      var options = ConnectionOptions()
      options.connectTimeout = 150
      let alone = await #expect(throws: PostgresError.self) {
        _ = try await Connection.connect("host=\(silent.directory) port=5432", options: options)
      }
      #expect(alone?.kind == .unreachable)
      options.connectTimeout = 2_000
      let several = conninfo.replacing("host=", with: "host=/nonexistent,\(silent.directory),")
      let connection = try await Connection.connect(several, options: options)
      #expect(try await connection.run { try $0.execute("SELECT 4").int4(0, 0) } == 4)
      await connection.close()
    }
  }

  /// A backend that is ended while it works: inside a transaction nothing can have happened, a commit is unknown.
  @Test func aKilledServerInsideATransactionLosesIt() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let victim = try await Connection.connect(conninfo)
      let killer = try await Connection.connect(conninfo)
      let pid = try await victim.run { session in
        try session.execute("CREATE TABLE public.t (id int)")
        try session.begin()
        return try session.execute("SELECT pg_backend_pid()").int4(0, 0)
      }
      try await killer.run { _ = try $0.execute("SELECT pg_terminate_backend($1, 5000)", [.int4(pid)]) }
      let error = await #expect(throws: PostgresError.self) {
        try await victim.run { _ = try $0.execute("INSERT INTO public.t VALUES (1)") }
      }
      #expect(error?.kind == .connectionLost)
      #expect(error?.endsConnection == true)
      #expect(await victim.isUsable == false)
      await killer.close()
    }
  }

  @Test func aServerThatGivesUpACommitSaysSo() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let victim = try await Connection.connect(conninfo)
      let killer = try await Connection.connect(conninfo)
      // A deferred trigger lets the commit take its time, so that it is on the wire when the backend dies.
      let pid = try await victim.run { session in
        try session.script(
          """
          CREATE TABLE public.t (id int);
          CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_lock(42); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON public.t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION public.slow();
          """)
        return try session.execute("SELECT pg_backend_pid()").int4(0, 0)
      }
      try await killer.run { _ = try $0.execute("SELECT pg_advisory_lock(42)") }
      async let attempt = #expect(throws: PostgresError.self) {
        try await victim.run { session in
          try session.begin()
          try session.execute("INSERT INTO public.t VALUES (1)")
          try session.commit()
        }
      }
      try await killer.run { session in
        // The lock's queue shows when the commit has come that far.
        while try session.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1", [.int4(pid)])
          .int8(0, 0) == 0
        {}
        _ = try session.execute("SELECT pg_terminate_backend($1, 5000)", [.int4(pid)])
      }
      let error = await attempt
      // The server says itself that it gave up before the commit was done.
      #expect(error?.kind == .connectionLost)
      #expect(error?.code == .adminShutdown)
      #expect(error?.isRetryable == true)
      await killer.close()
    }
  }

  @Test func theServerEndsAnIdleSession() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let idle = try await Connection.connect(conninfo)
      let other = try await Connection.connect(conninfo)
      // The statement that sets the limit also tells whom to look for: another might come too late.
      let pid = try await idle.run {
        try $0.execute("SELECT pg_backend_pid(), set_config('idle_session_timeout', '20ms', false)").int4(0, 0)
      }
      try await other.run { session in
        while try session.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", [.int4(pid)]).int8(0, 0)
          > 0
        {}
      }
      let error = await #expect(throws: PostgresError.self) {
        try await idle.run { _ = try $0.execute("SELECT 1") }
      }
      #expect(error?.kind == .connectionLost)
      await other.close()
    }
  }

  @Test func aStatementThatTakesTooLongGivesTheConnectionUp() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      var options = ConnectionOptions()
      options.statementTimeout = 100
      let slow = try await Connection.connect(conninfo, options: options)
      let error = await #expect(throws: PostgresError.self) {
        try await slow.run { _ = try $0.execute("SELECT pg_sleep(30)") }
      }
      #expect(error?.kind == .timeout)
      #expect(await slow.isUsable == false)
    }
  }

  @Test func cancellingATaskCancelsItsStatement() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      // A server that hears it keeps its connection, however soon others are broken.
      var options = ConnectionOptions()
      options.cancelPatience = 10_000
      let busy = try await Connection.connect(conninfo, options: options)
      let other = try await Connection.connect(conninfo)
      let pid = try await busy.run { try $0.execute("SELECT pg_backend_pid()").int4(0, 0) }
      let task = Task { try await busy.run { _ = try $0.execute("SELECT pg_sleep(60)") } }
      try await other.run { session in
        while try session.execute(
          "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", [.int4(pid)]
        ).int8(0, 0) == 0 {}
      }
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      #expect(try await busy.run { try $0.execute("SELECT 5").int4(0, 0) } == 5)
      await other.close()
      await busy.close()
    }
  }

  /// A cancellation that comes too late hits nothing.
  @Test func aLateCancellationHitsNothing() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let connection = try await Connection.connect(conninfo)
      for _ in 0..<1_000 {
        let task = Task { try await connection.run { try $0.execute("SELECT 1").int4(0, 0) } }
        task.cancel()
        _ = try? await task.value
        #expect(try await connection.run { try $0.execute("SELECT 2").int4(0, 0) } == 2)
      }
      await connection.close()
    }
  }

  /// A task that waits its turn on a connection is cancelled: the statement of the one before it goes on.
  @Test func cancellingAWaitingTaskLeavesTheOtherAlone() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let shared = try await Connection.connect(conninfo)
      let other = try await Connection.connect(conninfo)
      try await other.run { _ = try $0.execute("SELECT pg_advisory_lock(9)") }
      let pid = try await shared.run { try $0.execute("SELECT pg_backend_pid()").int4(0, 0) }
      let first = Task { try await shared.run { _ = try $0.execute("SELECT pg_advisory_lock(9)") } }
      try await BrokenConnectionTests.untilWaiting(pid, other)
      let second = Task { try await shared.run { try $0.execute("SELECT 2").int4(0, 0) } }
      second.cancel()
      try await other.run { _ = try $0.execute("SELECT pg_advisory_unlock(9)") }
      try await first.value
      await #expect(throws: CancellationError.self) { try await second.value }
      await other.close()
      await shared.close()
    }
  }

  /// A body whose task was cancelled between two statements begins no other, but can undo what it did.
  @Test func aCancelledBodyOnlyRollsBack() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let connection = try await Connection.connect(conninfo)
      try await connection.run { _ = try $0.execute("CREATE TABLE public.t (id int)") }
      let error = await #expect(throws: PostgresError.self) {
        try await withThrowingTaskGroup { group in
          group.addTask {
            try await connection.run { session in
              defer { session.rollbackQuietly() }
              try session.begin()
              try session.execute("INSERT INTO public.t VALUES (1)")
              withUnsafeCurrentTask { $0?.cancel() }
              try session.commit()
            }
          }
          try await group.waitForAll()
        }
      }
      #expect(error?.kind == .cancelled)
      #expect(error?.code == .queryCanceled)
      try await connection.run { session in
        let isOpen = session.isInTransaction
        #expect(!isOpen)
        let count = try session.execute("SELECT count(*) FROM public.t").int8(0, 0)
        #expect(count == 0)
      }
      await connection.close()
    }
  }

  @Test func notificationsComeAndAWaitCanBeEnded() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let listener = try await Connection.connect(conninfo)
      let speaker = try await Connection.connect(conninfo)
      try await listener.listen(["news"])
      async let heard = listener.notifications(within: 30_000)
      try await speaker.run { _ = try $0.execute("SELECT pg_notify('news', '')") }
      #expect(try await heard == ["news"])
      listener.wake()
      #expect(try await listener.notifications(within: 30_000).isEmpty)
      await listener.close()
      await speaker.close()
    }
  }

  @Test func backoffGrowsToItsCap() {
    struct Highest: RandomNumberGenerator { func next() -> UInt64 { .max } }
    var generator = Highest()
    var backoff = Backoff(first: 100, cap: 1_000)
    #expect((0..<6).map { _ in backoff.next(using: &generator) } == [100, 200, 400, 800, 1_000, 1_000])
    backoff.reset()
    #expect(backoff.next(using: &generator) == 100)
    // Bounds that doubling would carry past what an integer holds.
    var huge = Backoff(first: .max / 2, cap: .max)
    #expect((0..<40).allSatisfy { _ in huge.next(using: &generator) > 0 })
    var jitter = SystemRandomNumberGenerator()
    var spread = Backoff(first: 1_000, cap: 1_000)
    #expect(Set((0..<50).map { _ in spread.next(using: &jitter) }).count > 10)
  }
}
