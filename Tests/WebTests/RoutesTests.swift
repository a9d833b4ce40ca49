import TestSupport
import Testing

@testable import Web

/// Who asks for what, and what they get.
@Suite struct RoutesTests {
  private struct Case: Sendable {
    var method: String
    var path: String
    var token: String?
    var status: Int
    /// What the body holds.
    var says: String
    var allow: String?
    var authenticate: String?
  }

  private static let cases: [Case] = {
    let metrics = WebOffice.metrics
    func ask(
      _ method: String, _ path: String, _ token: String?, _ status: Int, _ says: String, allow: String? = nil,
      authenticate: String? = nil
    ) -> Case {
      Case(
        method: method, path: path, token: token, status: status, says: says, allow: allow,
        authenticate: authenticate)
    }
    var cases = [
      ask("GET", "/healthz", nil, 200, "{\"status\":\"ok\"}"), ask("GET", "/healthz", metrics, 200, "ok"),
      ask("GET", "/healthz?full", nil, 200, "ok"),
      ask("GET", "/readyz", nil, 200, "{\"status\":\"ready\",\"role\":\"leading\"}"),
      ask("GET", "/readyz", "Bearer wrong", 200, "ready"),
      ask("GET", "/metrics", metrics, 200, "bizclock_leader 1\n"),
      ask("GET", "/metrics", "bearer metrics-token", 200, "bizclock_leader 1\n"),
      ask("GET", "/metrics", nil, 401, "Authorization: Bearer TOKEN", authenticate: "Bearer realm=\"bizclock\""),
      ask(
        "GET", "/metrics", "Basic metrics-token", 401, "scope metrics", authenticate: "Bearer realm=\"bizclock\""),
      ask(
        "GET", "/metrics", "Bearer Metrics-token", 401, "not known",
        authenticate: "Bearer realm=\"bizclock\", error=\"invalid_token\""),
      ask(
        "GET", "/metrics", WebOffice.read, 403, "lacks the scope metrics",
        authenticate: "Bearer realm=\"bizclock\", error=\"insufficient_scope\", scope=\"metrics\""),
      ask("HEAD", "/healthz", nil, 200, ""), ask("HEAD", "/readyz", nil, 200, ""),
      ask("HEAD", "/metrics", metrics, 200, ""),
      ask("HEAD", "/metrics", nil, 401, "", authenticate: "Bearer realm=\"bizclock\""),
      ask("HEAD", "/nothing", nil, 404, ""),
      ask("GET", "/", nil, 404, "see /healthz, /readyz, /metrics, /v1/events, /v1/cases/{id}, /openapi.yaml"),
      ask("GET", "/nothing", metrics, 404, "nothing here"),
      ask("GET", "/metrics/", metrics, 404, "nothing here"), ask("GET", "/METRICS", metrics, 404, "nothing here"),
      ask("GET", "/../healthz", nil, 404, "nothing here"), ask("POST", "/nothing", nil, 404, "nothing here"),
      ask("GET", "/%68ealthz", nil, 404, "nothing here"), ask("GET", "*", nil, 404, "nothing here"),
    ]
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
      for path in ["/healthz", "/readyz", "/metrics"] {
        cases.append(ask(method, path, metrics, 405, "takes GET, HEAD only", allow: "GET, HEAD"))
      }
    }
    return cases
  }()

  @Test func everyoneGetsTheirAnswer() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      for each in RoutesTests.cases {
        let reply = try await office.ask(each.path, each.method, token: each.token)
        let what = "\(each.method) \(each.path) \(each.token ?? "–")"
        #expect(reply.status == each.status, "\(what)")
        #expect(each.says.isEmpty ? reply.body.isEmpty : reply.body.contains(each.says), "\(what): \(reply.body)")
        #expect(reply["Allow"] == each.allow, "\(what)")
        #expect(reply["WWW-Authenticate"] == each.authenticate, "\(what)")
        let isPage = each.path == "/metrics" && each.status == 200
        #expect(
          reply["Content-Type"] == (isPage ? "text/plain; version=0.0.4; charset=utf-8" : "application/json"),
          "\(what)")
        #expect(reply["Cache-Control"] == "no-store", "\(what)")
        #expect((reply["Content-Length"].flatMap { Int($0) } ?? 0) > 0, "\(what)")
        #expect(isPage || each.method == "HEAD" || reply.body.hasSuffix("}\n"), "one line: \(what)")
        #expect(!reply.body.contains("metrics-token") && !reply.body.contains("read-token"), "\(what)")
      }
      // What was asked is counted, by paths there are; and no token is in the log.
      let samples = try await office.samples()
      #expect(samples["bizclock_http_requests_total{path=\"/metrics\",status=\"403\"}"] == "1")
      #expect(samples["bizclock_http_requests_total{path=\"other\",status=\"404\"}"] == "9")
      #expect(samples["bizclock_http_requests_total{path=\"/healthz\",status=\"405\"}"] == "7")
      #expect(!office.log.records.contains { "\($0)".contains("-token") })
    }
  }

  /// Several requests on one connection, and several at once.
  @Test func aConnectionIsKept() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let client = try RawClient(office.address)
      let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      for _ in 0..<3 {
        #expect(await client.send(request))
        #expect(try await client.reply().status == 200)
      }
      #expect(await client.send("GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
      let rest = try await client.readToEnd()
      #expect(
        rest.hasPrefix("HTTP/1.1 200 OK\r\n") && rest.hasSuffix("{\"status\":\"ready\",\"role\":\"leading\"}\n"))
    }
  }

  @Test func withoutTokensNobodyScrapes() async throws {
    try await WebOffice.withOffice(hasTokens: false) { office in
      for token in [nil, WebOffice.metrics, "Basic x"] {
        let reply = try await office.ask("/metrics", token: token)
        #expect(reply.status == 401)
      }
      #expect(try await office.ask("/metrics").body.contains("bizclock token --name NAME --scope metrics"))
      #expect(try await office.ask("/healthz").status == 200)
    }
  }
}
