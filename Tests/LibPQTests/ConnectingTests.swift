import TestSupport
import Testing

@testable import LibPQ

/// Several hosts, and what a refusal says.
@Suite struct ConnectingTests {
  /// The time of a host is the conninfo's; one that was silent is asked last from then on, and costs nothing more.
  @Test(.timeLimit(.minutes(5))) func aHostThatWasSilentIsAskedLast() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let silent = try #require(SilentServer())
      var options = ConnectionOptions()
      options.connectTimeout = 3_600_000
      let several = conninfo.replacing("host=", with: "host=\(silent.directory),")
      for seconds in [1, 3_600] {
        // The second would take an hour.
        let connection = try await Connection.connect("\(several) connect_timeout=\(seconds)", options: options)
        #expect(try await connection.run { try $0.execute("SELECT 4").int4(0, 0) } == 4)
        await connection.close()
      }
      let alone = await #expect(throws: PostgresError.self) {
        _ = try await Connection.connect(
          "host=\(silent.directory) port=5432 connect_timeout=1", options: options)
      }
      #expect(alone?.message == "host \(silent.directory) port 5432: no connection within 1000 ms")
    }
  }

  /// A task that is cancelled while a server says nothing gives up at once, and asks no other host.
  @Test func whoIsCancelledGivesUp() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let silent = try #require(SilentServer())
      let several = conninfo.replacing("host=", with: "host=\(silent.directory),") + " connect_timeout=60"
      let connecting = Task { _ = try await Connection.connect(several) }
      connecting.cancel()
      let error = await #expect(throws: PostgresError.self) {
        try await TestDeadline.within(.seconds(30), "its end") { try await connecting.value }
      }
      #expect(error?.kind == .cancelled)
    }
  }

  /// A refusal to connect has its SQLSTATE, and the reasons of all hosts are told.
  @Test func aRefusalHasItsCode() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let gone = await #expect(throws: PostgresError.self) {
        _ = try await Connection.connect(conninfo.replacingDatabase("gone"))
      }
      #expect(gone?.code == .invalidCatalogName)
      #expect(gone?.kind == .unreachable)
      #expect(gone?.message.contains("3D000") == false)
      let several = conninfo.replacing("host=", with: "host=/nonexistent,").replacingDatabase("gone")
      let both = await #expect(throws: PostgresError.self) { _ = try await Connection.connect(several) }
      #expect(both?.code == .invalidCatalogName)
      #expect(both?.message.contains("/nonexistent") == true)
      #expect(both?.message.contains("database \"gone\" does not exist") == true)
    }
  }

  @Test(
    arguments: [
      (
        "FATAL:  28P01: password authentication failed for user \"x\"", "28P01",
        "FATAL:  password authentication failed for user \"x\""
      ),
      (
        "connection to server at \"a\" (::1), port 1 failed: 致命错误:  53300: 太多", "53300",
        "connection to server at \"a\" (::1), port 1 failed: 致命错误:  太多"
      ),
      ("connection to server at \"a\" (::1), port 5432 failed: Connection refused", nil, nil),
      ("FATAL:  lower: x", nil, nil), (":  28P01:", nil, nil), (":  28P01: ", "28P01", ":  "), ("", nil, nil),
    ] as [(String, String?, String?)])
  func codesInRefusals(_ line: String, _ code: String?, _ message: String?) {
    let found = Connecting.coded(line)
    #expect(found?.code.text == code)
    #expect(found?.message == message)
  }
}
