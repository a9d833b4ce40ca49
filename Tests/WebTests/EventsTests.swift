import Feeds
import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon
@testable import Web

/// Events posted over HTTP: who may, what is answered, and what is in the ledger then.
@Suite struct EventsTests {
  static let at = "2026-09-14T07:00:00+08:00"

  private static func accepted(_ caseID: String) -> String { WebOffice.event(caseID, "accepted", at) }

  private static func cloudEvent(_ caseID: String, _ type: String = "accepted") -> String {
    #"{"specversion":"1.0","id":"\#(caseID)-\#(type)","source":"hall","type":"cn.gov.\#(type)","subject":"\#(caseID)","#
      + #""time":"\#(at)","data":{"process":"opening"}}"#
  }

  private static func answer(_ received: Int, _ new: Int, _ duplicate: Int, _ quarantined: Int) -> String {
    "{\"received\":\(received),\"new\":\(new),\"duplicate\":\(duplicate),\"quarantined\":\(quarantined)}\n"
  }

  /// What is answered with 202 is in the ledger, once, whatever form it came in; the same again is known.
  @Test func whatIsAcceptedIsInTheLedgerOnce() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let lines = [EventsTests.accepted("K1"), EventsTests.accepted("K2")]
      var reply = try await office.post(lines)
      #expect(reply.status == 202 && reply.body == EventsTests.answer(2, 2, 0, 0))
      #expect(reply["Content-Type"] == "application/json")
      reply = try await office.post(lines + [EventsTests.accepted("K3"), EventsTests.accepted("K3")])
      #expect(reply.status == 202 && reply.body == EventsTests.answer(4, 1, 3, 0))
      // A CloudEvent says the same as a line: it is the same event.
      let cloudEvents = Array("[\(EventsTests.cloudEvent("K1")), \(EventsTests.cloudEvent("K4"))]".utf8)
      reply = try await office.post(cloudEvents, type: "application/cloudevents-batch+json; charset=UTF-8")
      #expect(reply.status == 202 && reply.body == EventsTests.answer(2, 1, 1, 0))
      reply = try await office.post(
        Array(EventsTests.cloudEvent("K5").utf8), type: "Application/CloudEvents+JSON")
      #expect(reply.status == 202 && reply.body == EventsTests.answer(1, 1, 0, 0))
      let fields = [
        "ce-specversion: 1.0", "ce-id: %4B6-accepted", "CE-Source: hall", "ce-type: accepted", "ce-subject: K6",
        "ce-time: \(EventsTests.at)",
      ]
      reply = try await office.post(Array(#"{"process":"opening"}"#.utf8), type: "application/json", fields: fields)
      #expect(reply.status == 202 && reply.body == EventsTests.answer(1, 1, 0, 0))
      reply = try await office.post([UInt8](), type: nil, fields: fields)
      #expect(
        reply.status == 202 && reply.body == EventsTests.answer(1, 0, 0, 1), "the same id says something else")
      try await office.projected(through: 6)
      let rows = try await office.rows(
        "SELECT case_id, source, event_id, type, process FROM bizclock.event ORDER BY case_id")
      #expect(rows.map { $0[0] } == (1...6).map { "K\($0)" })
      #expect(rows.allSatisfy { $0[1] == "hall" && $0[2] == "\($0[0] ?? "")-accepted" && $0[4] == "opening" })
      let samples = try await office.samples()
      #expect(samples["bizclock_feed_events_total{feed=\"hall\",result=\"new\"}"] == "6")
      #expect(samples["bizclock_http_requests_total{path=\"/v1/events\",status=\"202\"}"] == "6")
      #expect(
        try await office.rows("SELECT received::text, duplicates::text FROM bizclock.feed WHERE name = 'hall'") == [
          ["6", "4"]
        ])
    }
  }

  /// Bad lines are kept with their code and place, once however often they are sent, and the good ones beside them get
  /// in.
  @Test func badLinesGoToQuarantineAndGoodOnesIn() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let lines = [
        EventsTests.accepted("K1"), "nonsense", EventsTests.accepted("K2").replacing("K2-", with: "K\\u0000-"),
        EventsTests.accepted("K\\ud800"), EventsTests.accepted("K3").replacing("07:00", with: "25:00"),
        EventsTests.accepted("K4").replacing("opening", with: "unheard"), EventsTests.accepted("K5"),
        EventsTests.accepted("K6").replacing("2026", with: "2036"),
        String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
        EventsTests.accepted("K1").replacing("}", with: ",\"region\":\"46\"}"),
      ]
      for turn in 0..<2 {
        let reply = try await office.post(lines)
        #expect(reply.status == 202)
        #expect(reply.body == (turn == 0 ? EventsTests.answer(10, 2, 0, 8) : EventsTests.answer(10, 0, 2, 8)))
      }
      let quarantine = try await office.rows(
        "SELECT line::text, code, origin, convert_from(bytes, 'UTF8') FROM bizclock.quarantine q ORDER BY q.line")
      #expect(quarantine.map { $0[0] } == ["2", "3", "4", "5", "6", "8", "9", "10"])
      #expect(
        quarantine.map { $0[1] } == [
          "bad_json", "bad_field", "bad_json", "bad_time", "unknown_process", "future_time", "bad_json", "conflict",
        ])
      #expect(quarantine.allSatisfy { $0[2] == "POST /v1/events" })
      #expect(quarantine.map { $0[3] } == [1, 2, 3, 4, 5, 7, 8, 9].map { lines[$0] })
      try await TestDeadline.within(TestDeadline.patience, "word of the quarantine") {
        while !office.log.records.contains(where: { $0.event == .quarantineGrowing }) { await Task.yield() }
      }
    }
  }

  /// CloudEvents that are refused are read again as such.
  @Test func refusedCloudEventsAreReadAgain() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let bad = EventsTests.cloudEvent("K1").replacing("opening", with: "unheard")
      let reply = try await office.post(
        Array("[\(bad),\(EventsTests.cloudEvent("K2"))]".utf8), type: "application/cloudevents-batch+json")
      #expect(reply.status == 202 && reply.body == EventsTests.answer(2, 1, 0, 1))
      let connection = try await Connection.connect(office.conninfo)
      let item = try #require(
        try await connection.run { session in
          let list = try Quarantine.list(Quarantine.Selection(), limit: 2, &session)
          return try list.first.flatMap { try Quarantine.read($0.id, &session) }
        })
      await connection.close()
      #expect(item.entry.code == "unknown_process" && item.entry.origin == "POST /v1/events (CloudEvents)")
      #expect(item.entry.bytes == Array(bad.utf8))
      // Once the policy names the process it is understood.
      var feed = FeedDescription(name: "hall", source: "hall", format: .ndjson, knownProcesses: ["unheard"])
      let now = office.clock.now()
      guard case .events(let events) = EntryReader(feed, now: now).read(item.entry) else {
        return #expect(Bool(false), "it is refused again")
      }
      #expect(events.map(\.caseID) == ["K1"])
      feed.knownProcesses = ["opening"]
      guard case .refused(let again) = EntryReader(feed, now: now).read(item.entry) else {
        return #expect(Bool(false), "it is understood")
      }
      #expect(again.code == .unknownProcess && again.position.line == 1)
    }
  }

  private struct Case: Sendable {
    var what: String
    var body: [UInt8]
    var type: String?
    var token: String?
    var fields: [String]
    var status: Int
    var says: String
    init(
      _ what: String, _ status: Int, _ says: String, body: String = EventsTests.accepted("K9"),
      type: String? = "application/x-ndjson", token: String? = WebOffice.hall, fields: [String] = []
    ) {
      self.what = what
      self.body = Array(body.utf8)
      self.type = type
      self.token = token
      self.fields = fields
      self.status = status
      self.says = says
    }
  }

  private static let refused: [Case] = [
    Case("no token", 401, "send a token of scope ingest", token: nil),
    Case("unknown token", 401, "not known", token: "Bearer x"),
    Case("wrong scope", 403, "lacks the scope ingest", token: WebOffice.read),
    Case("wrong scope", 403, "lacks the scope ingest", token: WebOffice.metrics),
    Case("no such feed", 403, "for the feed nowhere", token: WebOffice.nowhere),
    Case("a feed of files", 403, "for the feed office", token: WebOffice.office),
    Case("no type", 415, "there is no Content-Type", type: nil),
    Case("json", 415, "not taken; send application/x-ndjson", type: "application/json"),
    Case("xml", 415, "not taken", type: "application/cloudevents+xml"),
    Case("nonsense", 415, "not taken", type: "x"),
    Case("wrong charset", 415, "must be UTF-8", type: "application/x-ndjson; charset=GBK"),
    Case("wrong charset", 415, "must be UTF-8", type: "application/cloudevents+json;charset=\"utf-16\""),
    Case("unknown encoding", 415, "gzip or deflate", fields: ["Content-Encoding: br"]),
    Case("two encodings", 415, "gzip or deflate", fields: ["Content-Encoding: gzip, gzip"]),
    Case("no gzip", 400, "not whole gzip", fields: ["Content-Encoding: gzip"]),
    Case("no deflate", 400, "not whole deflate", fields: ["Content-Encoding: deflate"]),
    Case("no array", 400, "not one whole JSON array", body: "{}", type: "application/cloudevents-batch+json"),
    Case("cut off", 400, "not one whole JSON array", body: "[{},{", type: "application/cloudevents-batch+json"),
    Case("no object", 400, "not one whole JSON object", body: "[]", type: "application/cloudevents+json"),
    Case("nothing", 400, "not one whole JSON object", body: "", type: "application/cloudevents+json"),
    Case(
      "no data", 400, "not one whole JSON object", body: "x", type: "application/json",
      fields: ["ce-specversion: 1.0"]),
  ]

  /// What is not accepted leaves nothing behind, and the answer says what to do.
  @Test func whatIsRefusedLeavesNothing() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      for each in EventsTests.refused {
        let reply = try await office.post(each.body, token: each.token, type: each.type, fields: each.fields)
        #expect(reply.status == each.status, "\(each.what): \(reply.body)")
        #expect(reply.body.contains(each.says) && reply.body.hasSuffix("}\n"), "\(each.what): \(reply.body)")
        #expect(!reply.body.contains("-token"))
        #expect(each.status != 401 || reply["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
      }
      #expect(try await office.ask("/v1/events", token: WebOffice.hall).status == 405)
      #expect(try await office.ask("/v1/events", token: WebOffice.hall)["Allow"] == "POST")
      #expect(
        try await office.rows(
          "SELECT 1::text FROM bizclock.event UNION ALL SELECT 1::text FROM bizclock.quarantine") == [])
      // Nothing at all is nothing, and well.
      for (body, type) in [
        ("", "application/x-ndjson"), ("\n \n", "application/x-ndjson"),
        ("[]", "application/cloudevents-batch+json"),
      ] {
        let reply = try await office.post(Array(body.utf8), type: type)
        #expect(reply.status == 202 && reply.body == EventsTests.answer(0, 0, 0, 0), "\(reply.body)")
      }
      #expect(!office.log.records.contains { "\($0)".contains("-token") })
    }
  }

  /// A daemon that stands by takes posts too; the leader projects them.
  @Test func aStandbyTakesPostsToo() async throws {
    try await WebOffice.withOffice { leader in
      try await leader.ready()
      try await WebOffice.withOffice(at: leader.conninfo) { standby in
        let state = standby.daemon.state
        try await TestDeadline.within(TestDeadline.patience, "a standby") {
          _ = await state.wait { $0.role == .standby && $0.feedsRead.contains("hall") }
        }
        #expect(try await standby.post([EventsTests.accepted("K1")]).body == EventsTests.answer(1, 1, 0, 0))
        #expect(try await leader.post([EventsTests.accepted("K1")]).body == EventsTests.answer(1, 0, 1, 0))
        try await leader.projected(through: 1)
      }
    }
  }

  /// Who may post is read anew; and so is for which feed.
  @Test func tokensAreReadAnew() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      #expect(try await office.post([EventsTests.accepted("K1")]).status == 202)
      let file = try #require(office.interface.tokens.file)
      try "# nobody\n".write(toFile: file, atomically: false, encoding: .utf8)
      try office.interface.tokens.reload()
      #expect(try await office.post([EventsTests.accepted("K2")]).status == 401)
    }
  }

  /// A feed that is taken out of the configuration takes nothing more; one whose settings change goes on with them.
  @Test func feedsMoveWithTheConfiguration() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      #expect(try await office.post([EventsTests.accepted("K1")]).status == 202)
      func move(_ feeds: [ServedFeed]) {
        office.daemon.reload(feeds: feeds, settings: office.daemon.settings, retention: office.daemon.retention)
      }
      var description = FeedDescription(name: "hall", source: "hall", format: .ndjson)
      description.defaults = [.region: "46"]
      move([ServedFeed(description: description, origin: .posts)])
      try await TestDeadline.within(TestDeadline.patience, "the feed with its new settings") {
        var number = 10
        repeat {
          number += 1
          let status = try await office.post([EventsTests.accepted("K\(number)")]).status
          #expect(status == 202 || status == 503)
        } while try await office.rows("SELECT region FROM bizclock.event WHERE case_id = 'K\(number)'") != [["46"]]
      }
      move([])
      let reply = try await office.post([EventsTests.accepted("K4")])
      #expect(reply.status == 403 && reply.body.contains("for the feed hall"))
    }
  }
}
