import Daemon
import Feeds
import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Web

/// Bodies that are too large, too slow, compressed out of all proportion, cut off or no text at all.
@Suite struct HostileBodyTests {
  private static func event(_ caseID: String) -> String { WebOffice.event(caseID, "accepted", EventsTests.at) }

  private static func limits(_ change: (inout WebInterface.Limits) -> Void) -> WebInterface.Limits {
    var limits = WebInterface.Limits.patient
    limits.body = 100_000
    change(&limits)
    return limits
  }

  private static let head =
    "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: \(WebOffice.hall)\r\nContent-Type: application/x-ndjson\r\n"

  private static func events(_ office: WebOffice) async throws -> Int {
    try await office.rows("SELECT case_id FROM bizclock.event").count
  }

  /// The limit holds for what was announced, for what comes in chunks, and for what is decompressed; up to it all is
  /// well.
  @Test func theSizeIsBounded() async throws {
    try await WebOffice.withOffice(limits: HostileBodyTests.limits { _ in }) { office in
      try await office.ready()
      let line = HostileBodyTests.event("K1")
      let full = Array((line + "\n" + String(repeating: " ", count: 100_000 - line.utf8.count - 1)).utf8)
      #expect(try await office.post(full).status == 202)
      let over = try await office.post(full + [0x20])
      #expect(over.status == 413 && over.body.contains("at most 100000 bytes"))
      for gzip in [true, false] {
        let fields = ["Content-Encoding: \(gzip ? "GZip" : "deflate")"]
        let packed = Deflated.bytes(full, gzip: gzip)
        #expect(try await office.post(packed, fields: fields).body.contains("\"duplicate\":1"))
        #expect(try await office.post(Deflated.bytes(full + [0x20], gzip: gzip), fields: fields).status == 413)
        // Cut off, or with something behind it.
        #expect(try await office.post(Array(packed.dropLast(3)), fields: fields).status == 400)
        #expect(try await office.post(packed + [1, 2, 3], fields: fields).status == 400)
      }
      // Texts of gzip may follow each other.
      let halves = Deflated.bytes(Array(full[..<50])) + Deflated.bytes(Array(full[50...]))
      #expect(try await office.post(halves, fields: ["Content-Encoding: gzip"]).status == 202)
      // In chunks nobody knows the length before.
      let client = try RawClient(office.address)
      #expect(await client.send(HostileBodyTests.head + "Transfer-Encoding: chunked\r\n\r\n"))
      let chunk = "2710\r\n" + String(repeating: " ", count: 10_000) + "\r\n"
      for _ in 0..<11 { #expect(await client.send(chunk)) }
      let reply = try await client.reply()
      #expect(reply.status == 413 && reply["Connection"] == "close")
      while await client.send(chunk) {}
      #expect(try await HostileBodyTests.events(office) == 1)
    }
  }

  /// A thousandfold bomb is refused before it is unpacked, and the memory stays where it was.
  @Test func bombsAreNotUnpacked() async throws {
    let bomb = Deflated.bytes([UInt8](repeating: 0x20, count: 64 << 20))
    try await WebOffice.withOffice(limits: HostileBodyTests.limits { $0.body = 16 << 20 }) { office in
      try await office.ready()
      #expect(try await office.post([HostileBodyTests.event("K1")]).status == 202)
      let before = try #require(HostileBodyTests.memory())
      await withTaskGroup(of: Int?.self) { group in
        for _ in 0..<24 {
          group.addTask {
            try? await office.post(bomb, fields: ["Content-Encoding: gzip"]).status
          }
        }
        for await status in group { #expect(status == 413 || status == 429, "\(status ?? 0)") }
      }
      let after = try #require(HostileBodyTests.memory())
      #expect(after - before < 120 << 20, "\((after - before) >> 20) MiB")
      #expect(try await office.post([HostileBodyTests.event("K2")]).status == 202)
    }
  }

  /// A short body of very many lines or elements, each of which would go to quarantine, is refused whole.
  @Test func recordsAreCounted() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let number = FeedLimits.bodyRecords
      let lines = Array(String(repeating: "{\n", count: number).utf8)
      let batch = Array(("[0" + String(repeating: ",0", count: number) + "]").utf8)
      for (body, type) in [(lines, "application/x-ndjson"), (batch, "application/cloudevents-batch+json")] {
        let reply = try await office.post(
          Deflated.bytes(body), type: type, fields: ["Content-Encoding: gzip"])
        #expect(reply.status == 413 && reply.body.contains("at most \(number) lines or CloudEvents"), "\(reply)")
      }
      let few = try await office.post(Array(String(repeating: "{\n", count: 9).utf8))
      #expect(few.status == 202 && few.body.contains("\"quarantined\":9"))
      #expect(try await office.rows("SELECT count(*)::text FROM bizclock.quarantine") == [["9"]])
    }
  }

  /// Bytes of memory that this process holds.
  private static func memory() -> Int? {
    ProcessFigures.families().first { $0.name == Metric.processMemory.rawValue }?.samples.first.flatMap {
      if case .number(let bytes) = $0.value { Int(bytes) } else { nil }
    }
  }

  /// A body that does not come, or comes drop by drop, is not waited for; the others are served meanwhile.
  @Test func aSlowBodyIsNotWaitedFor() async throws {
    let limits = HostileBodyTests.limits { $0.bodyTime = .milliseconds(400) }
    try await WebOffice.withOffice(limits: limits) { office in
      try await office.ready()
      for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let client = try RawClient(office.address)
        #expect(await client.send(HostileBodyTests.head + framing + "\r\n\r\n"))
        let drop = framing.hasPrefix("C") ? "x" : "1\r\nx\r\n"
        let drops = Task { while await client.send(drop) { try await Task.sleep(for: .milliseconds(20)) } }
        #expect(try await office.post([HostileBodyTests.event("K1")]).status == 202)
        let reply = try await client.reply()
        #expect(reply.status == 408 && reply["Connection"] == "close" && reply.body.contains("did not come within"))
        #expect(try await client.readToEnd() == "")
        drops.cancel()
      }
      #expect(try await HostileBodyTests.events(office) == 1)
    }
  }

  /// What breaks off is not taken in, not even its whole lines.
  @Test func aBodyThatBreaksOffIsNotTakenIn() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let line = HostileBodyTests.event("K1") + "\n"
      for (framing, sent) in [
        ("Content-Length: 1000", line),
        ("Transfer-Encoding: chunked", "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n"),
        ("Transfer-Encoding: chunked", "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n5\r\nab"),
        ("Transfer-Encoding: chunked", "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\nxyz\r\n"),
      ] {
        let client = try RawClient(office.address)
        #expect(await client.send(HostileBodyTests.head + framing + "\r\n\r\n" + sent))
        client.finish()
        let answer = try await client.readToEnd()
        #expect(answer == "" || answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
      }
      // Whatever was in flight then is over once another one is answered.
      #expect(try await office.post([HostileBodyTests.event("K2")]).status == 202)
      #expect(try await office.rows("SELECT case_id FROM bizclock.event") == [["K2"]])
    }
  }

  /// The parts of a body may come as they like; a client that waits for a word before it sends is told to go on.
  @Test func aBodyInPiecesIsTakenTogether() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let client = try RawClient(office.address)
      #expect(await client.send(HostileBodyTests.head + "Transfer-Encoding: chunked\r\n\r\n"))
      for piece in (HostileBodyTests.event("K1") + "\r\n" + HostileBodyTests.event("K2")).map(String.init) {
        #expect(await client.send("1\r\n\(piece == "\r\n" ? "\n" : piece)\r\n"))
      }
      #expect(await client.send("0\r\n\r\n"))
      #expect(try await client.reply().body.contains("\"new\":2"))
      // The connection goes on.
      let line = HostileBodyTests.event("K3")
      #expect(
        await client.send(
          HostileBodyTests.head + "Expect: 100-continue\r\nContent-Length: \(line.utf8.count)\r\n\r\n"))
      #expect(try await client.reply(hasBody: false).status == 100)
      #expect(await client.send(line))
      #expect(try await client.reply().body.contains("\"new\":1"))
      // Who may not post is told so before the body is sent.
      let other = try RawClient(office.address)
      #expect(
        await other.send(
          HostileBodyTests.head.replacing("hall-token", with: "x")
            + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"))
      #expect(try await other.reply().status == 401)
    }
  }

  /// Beyond the bounds of bodies and bytes in memory others are asked to come later; what is in flight is finished.
  @Test func bodiesInFlightAreBounded() async throws {
    let limits = HostileBodyTests.limits {
      $0.bodies = 3
      $0.bodyBytes = 150_000
    }
    try await WebOffice.withOffice(limits: limits) { office in
      try await office.ready()
      let line = HostileBodyTests.event("K1")
      let slow = try (0..<3).map { _ in try RawClient(office.address) }
      for client in slow {
        #expect(await client.send(HostileBodyTests.head + "Content-Length: \(line.utf8.count)\r\n\r\n"))
      }
      try await HostileBodyTests.refused(office, [line])
      #expect(try await office.ask("/healthz").status == 200)
      #expect(await slow[0].send(line))
      #expect(try await slow[0].reply().status == 202)
      // Now there is room for one more, yet not for two of this size.
      #expect(await slow[1].send(Array(line.utf8)))
      #expect(try await slow[1].reply().status == 202)
      let large = try RawClient(office.address)
      let body = line + String(repeating: " ", count: 80_000)
      #expect(
        await large.send(HostileBodyTests.head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body.dropLast(1)))
      try await TestDeadline.within(TestDeadline.patience, "the large body in memory") {
        while office.interface.budget.used.bytes < body.utf8.count - 1 { try Task.checkCancellation() }
      }
      try await HostileBodyTests.refused(office, [body])
      #expect(await large.send(" "))
      #expect(try await large.reply().status == 202)
      #expect(try await office.post([body]).status == 202)
    }
  }

  /// Posts until it is refused for want of room: what came before may take a moment to be in memory.
  private static func refused(_ office: WebOffice, _ lines: [String]) async throws {
    try await TestDeadline.within(TestDeadline.patience, "a refusal") {
      var reply = try await office.post(lines)
      while reply.status == 202 { reply = try await office.post(lines) }
      #expect(reply.status == 429 && reply["Retry-After"] == "1", "\(reply)")
    }
  }
}
