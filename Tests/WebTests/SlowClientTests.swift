import TestSupport
import Testing

@testable import Web

/// Those who ask too much, too slowly or without end get their bounds, and the others their answers.
@Suite struct SlowClientTests {
  private static func limits(_ change: (inout WebInterface.Limits) -> Void) -> WebInterface.Limits {
    var limits = WebInterface.Limits.patient
    change(&limits)
    return limits
  }

  /// A head that does not come, or comes drop by drop, ends the connection in its time.
  @Test func aSlowHeadIsNotWaitedFor() async throws {
    try await WebOffice.withOffice(limits: SlowClientTests.limits { $0.idle = .milliseconds(300) }) { office in
      for start in ["", "GET /healthz HTTP/1.1\r\nHost:", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let client = try RawClient(office.address)
        if !start.isEmpty { #expect(await client.send(start)) }
        #expect(try await client.readToEnd() == "", "\(start)")
      }
      // Drop by drop: each byte does not begin the time anew.
      let client = try RawClient(office.address)
      #expect(await client.send("GET /healthz HTTP/1.1\r\nX: "))
      let drops = Task { while await client.send("x") { try await Task.sleep(for: .milliseconds(50)) } }
      #expect(try await client.readToEnd() == "")
      drops.cancel()
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// A connection that is kept ends when nothing more is asked.
  @Test func anIdleConnectionEnds() async throws {
    try await WebOffice.withOffice(limits: SlowClientTests.limits { $0.idle = .milliseconds(300) }) { office in
      let client = try RawClient(office.address)
      #expect(await client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
      #expect(try await client.reply().status == 200)
      #expect(try await client.readToEnd() == "")
    }
  }

  /// Heads beyond their bounds are refused and the connection closed.
  @Test(arguments: [
    "GET /healthz HTTP/1.1\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n",
    "GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}",
  ])
  func aWrongHeadIsRefused(_ head: String) async throws {
    try await WebOffice.withOffice(limits: SlowClientTests.limits { $0.idle = .milliseconds(500) }) { office in
      let client = try RawClient(office.address)
      _ = await client.send(head)
      let answer = try await client.readToEnd()
      #expect(answer == "" || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
      #expect(!answer.contains("200 OK"))
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// A body that nobody wants is refused without being read, however long it goes on.
  @Test(arguments: ["Content-Length: 100000000", "Transfer-Encoding: chunked", "Content-Length: 5"])
  func aBodyIsRefused(_ field: String) async throws {
    try await WebOffice.withOffice { office in
      for (method, path, status) in [
        ("GET", "/healthz", 413), ("GET", "/metrics", 401), ("POST", "/readyz", 405),
      ] {
        let client = try RawClient(office.address)
        #expect(await client.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(field)\r\n\r\n"))
        let reply = try await client.reply()
        #expect(reply.status == status && reply["Connection"] == "close", "\(method) \(path)")
        while await client.send("5\r\nabcde\r\n") {}
        #expect(try await client.readToEnd() == "")
      }
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// Beyond the bound of connections others wait; they are served when one ends.
  @Test func connectionsAreBounded() async throws {
    let limits = SlowClientTests.limits {
      $0.connections = 4
      $0.idle = .milliseconds(800)
    }
    try await WebOffice.withOffice(limits: limits) { office in
      let clients = try (0..<20).map { _ in try RawClient(office.address) }
      // None of these says anything: they hold the places until their time is over.
      #expect(try await office.ask("/healthz").status == 200)
      #expect(clients.count == 20)
    }
  }

  /// Whoever takes no answer holds no connection.
  @Test func anAnswerNobodyTakesEnds() async throws {
    let limits = SlowClientTests.limits {
      $0.idle = .milliseconds(500)
      $0.answer = .milliseconds(500)
    }
    try await WebOffice.withOffice(limits: limits) { office in
      let client = try RawClient(office.address)
      // Thousands of answers are asked for and none is read, until the other side has had enough.
      let requests = String(
        repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: \(WebOffice.metrics)\r\n\r\n", count: 2_000)
      var sent = 0
      while sent < 50, await client.send(requests) { sent += 1 }
      #expect(sent < 50)
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// The daemon stops in time while connections are open that say nothing.
  @Test func openConnectionsDoNotHoldUpTheEnd() async throws {
    try await WebOffice.withOffice { office in
      let clients = try (0..<10).map { _ in try RawClient(office.address) }
      for client in clients.prefix(5) { #expect(await client.send("GET /healthz HTTP/1.1\r\nX:")) }
      #expect(try await office.ask("/healthz").status == 200)
      try await TestDeadline.within(.seconds(20), "the end") { await office.stop() }
      #expect(throws: RawClient.Failure.self) { try RawClient(office.address) }
    }
  }
}
