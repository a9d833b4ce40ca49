import Glibc
import LibPQ
import TestSupport
import Testing

/// A server that vanishes without a word, at every kind of statement; and what comes after.
@Suite struct BrokenConnectionTests {
  /// What is on the wire when the server is killed, and what can be known of it then.
  enum Moment: String, CaseIterable, Sendable {
    case reading, writing, writingInATransaction, pipeline, pipelineInATransaction, copy, copyInATransaction

    var kind: PostgresError.Kind {
      switch self {
      case .reading, .writingInATransaction, .pipelineInATransaction, .copyInATransaction: .connectionLost
      case .writing, .pipeline, .copy: .outcomeUnknown
      }
    }

    func run(_ session: inout Session) throws {
      let wait = "SELECT pg_catalog.pg_advisory_lock(7)"
      switch self {
      case .reading: try session.execute(wait)
      case .writing, .writingInATransaction: try session.execute("INSERT INTO public.slow VALUES (1)")
      case .pipeline, .pipelineInATransaction:
        _ = try session.pipeline((0..<100).map { _ in (sql: wait, parameters: []) })
      case .copy, .copyInATransaction:
        try session.copyIn("COPY public.slow FROM STDIN (FORMAT binary)") { writer throws(PostgresError) in
          for id in Int32(0)..<10 {
            try writer.row(columns: 1)
            writer.int4(id)
          }
        }
      }
    }
  }

  static let slowTable = """
    CREATE TABLE public.slow (id int);
    CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_lock(7); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON public.slow FOR EACH ROW EXECUTE FUNCTION public.wait();
    """

  /// A relay between client and server is what makes a connection end without the server's last words.
  @Test(arguments: Moment.allCases) func aConnectionCut(_ moment: Moment) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let holder = try await Connection.connect(conninfo)
      try await holder.run { session in
        try session.script(BrokenConnectionTests.slowTable)
        try session.execute("SELECT pg_advisory_lock(7)")
      }
      let relay = try #require(SocketRelay(conninfo: conninfo))
      let victim = try await Connection.connect(relay.conninfo)
      let pid = try await victim.run { session in
        if moment.rawValue.hasSuffix("InATransaction") { try session.begin() }
        return try session.execute("SELECT pg_backend_pid()").int4(0, 0)
      }
      async let attempt = #expect(throws: PostgresError.self) { try await victim.run { try moment.run(&$0) } }
      try await BrokenConnectionTests.untilWaiting(pid, holder)
      relay.cut()
      let error = await attempt
      #expect(error?.kind == moment.kind)
      #expect(error?.isRetryable == true)
      #expect(await victim.isUsable == false)
      // What is tried afterwards was never sent: nothing about it is unknown.
      let after = await #expect(throws: PostgresError.self) {
        try await victim.run { _ = try $0.execute("INSERT INTO public.slow VALUES (2)") }
      }
      #expect(after?.kind == .connectionLost)
      await holder.close()
    }
  }

  @Test(arguments: ["COMMIT", "END", "  commit work"]) func aConnectionCutAtTheCommitIsUnknown(
    _ commit: String
  ) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let holder = try await Connection.connect(conninfo)
      try await holder.run { session in
        try session.script(
          """
          CREATE TABLE public.t (id int);
          CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_lock(7); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON public.t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION public.wait();
          """)
        try session.execute("SELECT pg_advisory_lock(7)")
      }
      for inPipeline in [false, true] {
        let relay = try #require(SocketRelay(conninfo: conninfo))
        let victim = try await Connection.connect(relay.conninfo)
        let pid = try await victim.run { session in
          try session.begin()
          try session.execute("INSERT INTO public.t VALUES (1)")
          return try session.execute("SELECT pg_backend_pid()").int4(0, 0)
        }
        async let attempt = #expect(throws: PostgresError.self) {
          try await victim.run { session in
            if inPipeline {
              _ = try session.pipeline([(sql: "SELECT 1", parameters: []), (sql: commit, parameters: [])])
            } else {
              try session.execute(commit)
            }
          }
        }
        try await BrokenConnectionTests.untilWaiting(pid, holder)
        relay.cut()
        #expect(await attempt?.kind == .outcomeUnknown)
      }
      await holder.close()
    }
  }

  /// The server stops working for a client that gave up, and lets go of its locks.
  @Test func aStatementGivenUpIsStopped() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      var options = ConnectionOptions()
      options.statementTimeout = 100
      let slow = try await Connection.connect(conninfo, options: options)
      let other = try await Connection.connect(conninfo)
      let pid = try await slow.run { try $0.execute("SELECT pg_backend_pid()").int4(0, 0) }
      let error = await #expect(throws: PostgresError.self) {
        try await slow.run { _ = try $0.execute("SELECT pg_sleep(600)") }
      }
      #expect(error?.kind == .timeout)
      try await other.run { session in
        while try session.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", [.int4(pid)]).int8(0, 0)
          > 0
        {}
      }
      await other.close()
    }
  }

  @Test func aCopyThatTakesTooLongTellsSo() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let holder = try await Connection.connect(conninfo)
      try await holder.run { session in
        try session.script(BrokenConnectionTests.slowTable)
        try session.execute("SELECT pg_advisory_lock(7)")
      }
      var options = ConnectionOptions()
      options.statementTimeout = 100
      for (inTransaction, kind) in [(true, PostgresError.Kind.timeout), (false, .outcomeUnknown)] {
        let slow = try await Connection.connect(conninfo, options: options)
        let error = await #expect(throws: PostgresError.self) {
          try await slow.run { session in
            if inTransaction { try session.begin() }
            try Moment.copy.run(&session)
          }
        }
        #expect(error?.kind == kind)
      }
      await holder.close()
    }
  }

  /// Returns when a backend waits for the lock.
  static func untilWaiting(_ pid: Int32, _ connection: Connection) async throws {
    try await connection.run { session in
      while try session.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1", [.int4(pid)])
        .int8(0, 0) == 0
      {}
    }
  }
}
