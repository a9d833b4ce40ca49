import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Web

/// Answers for a case over HTTP.
@Suite struct CasesTests {
  private static func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func aCaseIsExplained() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let id = "K 1/文昌?"
      #expect(try await office.post([WebOffice.event(id, "accepted", EventsTests.at)]).status == 202)
      try await office.projected(through: 1)
      let path = "/v1/cases/K%201%2F%e6%96%87%E6%98%8C%3F"
      let reply = try await office.ask(path, token: WebOffice.read)
      #expect(reply.status == 200 && reply["Content-Type"] == "application/json")
      let explained = try CasesTests.json(reply.body)
      #expect(explained["case_id"] as? String == id)
      #expect((explained["events"] as? [[String: Any]])?.first?["type"] as? String == "accepted")
      let clock = try #require(
        (explained["clocks"] as? [[String: Any]])?.first { $0["commitment"] as? String == "opening" })
      #expect(clock["due_at"] as? String == "2026-09-16T17:30:00+08:00")
      #expect(clock["summary"] as? String == clock["summary_en"] as? String)
      let chinese = try CasesTests.json(try await office.ask(path + "?lang=zh", token: WebOffice.read).body)
      let clocks = try #require(chinese["clocks"] as? [[String: Any]])
      #expect(clocks.allSatisfy { $0["summary"] as? String == $0["summary_zh"] as? String })
      let days = try #require(clocks.first?["days"] as? [[String: Any]])
      #expect(days.first?["why"] as? String == "起算日不计入（民法典第二百零一条）")
      for (path, token, status, says) in [
        (path, nil, 401, "scope read"), (path, WebOffice.metrics, 403, "lacks the scope read"),
        (path, WebOffice.hall, 403, "lacks the scope read"), (path + "?lang=nl", WebOffice.read, 400, "en or zh"),
        ("/v1/cases/K2", WebOffice.read, 404, "no event of this case"),
        ("/v1/cases/\(String(repeating: "K", count: 200))", WebOffice.read, 404, "no event of this case"),
        ("/v1/cases/%zz", WebOffice.read, 400, "percent-encoded"),
        ("/v1/cases/%ff", WebOffice.read, 400, "percent-encoded"),
        ("/v1/cases/%00", WebOffice.read, 400, "percent-encoded"),
        ("/v1/cases/%4", WebOffice.read, 400, "percent-encoded"),
        ("/v1/cases/", WebOffice.read, 404, "nothing here"), ("/v1/cases/a/b", WebOffice.read, 404, "nothing here"),
      ] as [(String, String?, Int, String)] {
        let reply = try await office.ask(path, token: token)
        #expect(reply.status == status && reply.body.contains(says), "\(path): \(reply)")
        _ = try CasesTests.json(reply.body)
      }
      let samples = try await office.samples()
      #expect(samples["bizclock_http_requests_total{path=\"/v1/cases/{id}\",status=\"404\"}"] == "2")
    }
  }

  /// The description is served as it lies in the repository, and names every path that is served.
  @Test func theDescriptionIsServed() async throws {
    try await WebOffice.withOffice { office in
      let reply = try await office.ask("/openapi.yaml")
      #expect(reply.status == 200 && reply["Content-Type"] == "application/yaml")
      #expect(reply.body.hasPrefix("openapi: 3.1.0\n"))
      let said = try await office.ask("/").body
      for path in ["/v1/events", "/v1/cases/{id}", "/metrics", "/healthz", "/readyz", "/openapi.yaml"] {
        #expect(reply.body.contains("\n  \(path):\n") && said.contains(path), "\(path)")
      }
    }
  }
}
