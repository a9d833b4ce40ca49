import ServiceTime
import Testing

@testable import Feeds

/// Rows of exchange tables, each for itself: what they tell, under which ids, and what is refused.
@Suite struct ExchangeDecoderTests {
  private static let exchange = ExchangeDescription(
    openIfEqual: true,
    tasks: ["T1": .init(process: "opening"), "T2": .init(process: "opening", step: "licence")],
    steps: [
      "营业执照": .init(step: "licence", start: "step_started", end: "step_completed"),
      "补正": .init(start: "correction_requested", end: "correction_received"),
      "异议": .init(start: "objection_raised"),
    ], results: ["1": "completed"])

  private static func feed(_ change: (inout FeedDescription) -> Void = { _ in }) -> FeedDescription {
    var feed = FeedDescription(
      name: "exchange", source: "hn", format: .ndjson, timeZone: .shanghai, knownProcesses: ["opening"],
      exchange: exchange)
    change(&feed)
    return feed
  }

  private static func row(_ table: ExchangeTable, _ cells: [String: String]) -> ExchangeRow {
    var all = ["row_guid": "G1", "cd_operation": "I", "cd_time": "2026-09-01T10:00:00.000000", "project_no": "C1"]
    all.merge(cells) { $1 }
    return ExchangeRow(
      table,
      cells: all.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map {
        ExchangeRow.Cell(column: $0.key, bytes: Array($0.value.utf8))
      })
  }

  private static func read(
    _ row: ExchangeRow, _ feed: FeedDescription = feed(), openIfEqual: Bool = true
  ) -> ExchangeReading {
    var exchange = exchange
    exchange.openIfEqual = openIfEqual
    var decoder = ExchangeDecoder(feed: feed, exchange: exchange, calendar: nil)
    return decoder.read(row, now: Reading.now)
  }

  /// `type:step time` in the feed's zone, or the code and place of the refusal.
  private static func told(_ reading: ExchangeReading) -> [String] {
    if let reject = reading.reject { return ["\(reject.code.rawValue) \(reject.position.field ?? "")"] }
    return reading.events.map { event in
      let local = TimeZoneTable.shanghai.local(event.occurredAt)
      return "\(event.type)\(event.step.map { ":" + $0 } ?? "") \(local)"
        + (event.extendDays.map { " +\($0)" } ?? "")
    }
  }

  static let cases: [(ExchangeTable, [String: String], [String])] = [
    (
      .accept, ["task_code": "T1", "apply_date": "20260901080500", "accept_date": "2026/9/1 9:05"],
      ["submitted 2026-09-01T08:05:00", "accepted 2026-09-01T09:05:00"]
    ),
    (.accept, ["task_code": "T2", "apply_date": "20260901T080500"], ["submitted:licence 2026-09-01T08:05:00"]),
    (.accept, ["task_code": "other", "accept_date": "2026-09-01 09:05:00"], ["accepted 2026-09-01T09:05:00"]),
    (.accept, ["task_code": "T1"], ["missing_field apply_date and accept_date"]),
    (.accept, ["task_code": "T1", "apply_date": "yesterday"], ["bad_time apply_date"]),
    (.accept, ["task_code": "T1", "apply_date": "2026-09-19 09:00:00"], ["future_time apply_date"]),
    (
      .process,
      ["process_name": " 营业执照 ", "event_start_time": "2026-09-01 09:00", "event_end_time": "2026-09-01 10:00"],
      ["step_started:licence 2026-09-01T09:00:00", "step_completed:licence 2026-09-01T10:00:00"]
    ),
    // Equal as times, not as texts.
    (
      .process, ["process_name": "公章", "event_start_time": "2026-09-01 09:00", "event_end_time": "20260901090000"],
      ["step_started:公章 2026-09-01T09:00:00"]
    ),
    (
      .process,
      ["process_name": "补正", "event_start_time": "2026-09-01 09:00", "event_end_time": "2026-09-02 10:00"],
      ["correction_requested 2026-09-01T09:00:00", "correction_received 2026-09-02T10:00:00"]
    ),
    (
      .process,
      ["process_name": "异议", "event_start_time": "2026-09-01 09:00", "event_end_time": "2026-09-02 10:00"],
      ["objection_raised 2026-09-01T09:00:00"]
    ),
    (.process, ["event_start_time": "2026-09-01 09:00"], ["missing_field process_name"]),
    (.process, ["process_name": "公章"], ["missing_field event_start_time"]),
    (
      .process, ["process_name": String(repeating: "长", count: 65), "event_start_time": "2026-09-01 09:00"],
      ["bad_field process_name"]
    ),
    (.result, ["result_type": "1", "result_date": "2026-09-02 10:00"], ["completed 2026-09-02T10:00:00"]),
    (.result, ["result_type": "9", "result_date": "2026-09-02 10:00"], ["bad_field result_type"]),
    (
      .result, ["result_type": "1", "result_date": "2026-09-02 10:00", "project_no": ""],
      ["missing_field project_no"]
    ),
    (.result, ["result_type": "1", "result_date": "2026-09-02 10:00", "row_guid": ""], ["missing_field row_guid"]),
    (
      .result,
      ["result_type": "1", "result_date": "2026-09-02 10:00", "row_guid": String(repeating: "x", count: 65)],
      ["bad_field row_guid"]
    ),
    (
      .specialProcedure, ["special_type": "1", "special_time": "2026-09-02 10:00", "days": "3"],
      ["extended 2026-09-02T10:00:00 +3"]
    ),
    (.specialProcedure, ["special_type": "1", "special_time": "2026-09-02 10:00"], ["missing_field end_time"]),
    (
      .specialProcedure, ["special_type": "2", "special_time": "2026-09-02 10:00", "end_time": "2026-09-03 10:00"],
      ["suspended 2026-09-02T10:00:00", "resumed 2026-09-03T10:00:00"]
    ),
    // What is planned has not come yet; what lies but minutes ahead is a clock's.
    (
      .specialProcedure,
      ["special_type": "2", "special_time": "2026-09-02 10:00", "end_time": "9999-12-31 23:59:59"],
      ["suspended 2026-09-02T10:00:00"]
    ),
    (
      .process,
      ["process_name": "公章", "event_start_time": "2026-09-01 09:00", "event_end_time": "2026-12-01 10:00"],
      ["step_started:公章 2026-09-01T09:00:00"]
    ),
    (
      .specialProcedure, ["special_type": "2", "special_time": "2026-12-01 10:00", "end_time": "2026-12-02 10:00"],
      ["future_time special_time"]
    ),
    (.specialProcedure, ["special_type": "2", "end_time": "2026-12-02 10:00"], []),
    (.specialProcedure, ["special_type": "3", "special_time": "2026-09-02 10:00"], ["bad_field special_type"]),
  ]

  @Test(arguments: cases.indices) func whatARowTells(_ index: Int) {
    let (table, cells, expected) = Self.cases[index]
    let feed = Self.feed { $0.mapping[.extendDays] = .init(column: "days") }
    let reading = Self.read(Self.row(table, cells), feed)
    #expect(Self.told(reading) == expected)
    // What the quarantine keeps of it is read again as the same.
    let row = Self.row(table, cells)
    #expect(ExchangeRow(json: row.json).map { Self.read($0, feed) } == reading)
  }

  @Test func equalTimesAreTwoEventsWhereTheFeedDoesNotSayOtherwise() {
    let row = Self.row(
      .process,
      ["process_name": "公章", "event_start_time": "2026-09-01 09:00", "event_end_time": "2026-09-01 09:00"])
    #expect(Self.read(row, openIfEqual: false).events.count == 2)
  }

  /// A row that plans another end says something else, and so does one whose end has come: as if it never was a plan.
  @Test func plannedEnds() throws {
    func read(_ end: String, at now: Instant = Reading.now) -> ExchangeReading {
      var decoder = ExchangeDecoder(feed: Self.feed(), exchange: Self.exchange, calendar: nil)
      let cells = ["special_type": "2", "special_time": "2026-09-02 10:00", "end_time": end]
      return decoder.read(Self.row(.specialProcedure, cells), now: now)
    }
    let end = try #require(Instant(rfc3339: "2026-12-02T10:00:00+08:00"))
    let planned = read("2026-12-02 10:00")
    #expect(planned.plannedEnd == end && planned.events.map(\.type) == ["suspended"])
    #expect(read("20261202100000") == planned)
    #expect(read("2026-12-02 10:01").content != planned.content)
    #expect(read("2026-12-02 10:00", at: end + (-FeedLimits.futureTolerance - 1)) == planned)
    let come = read("2026-12-02 10:00", at: end)
    #expect(come.plannedEnd == nil && come.content != planned.content && come.events.count == 2)
    #expect(come.events.first == planned.events.first)
    #expect(read("2026-12-02 10:00", at: end + -FeedLimits.futureTolerance) == come)
  }

  /// The form of ids never changes, and they do not depend on when and how the row was written.
  @Test func ids() throws {
    let cells = ["result_type": "1", "result_date": "2026-09-02 10:00:00"]
    let reading = Self.read(Self.row(.result, cells))
    #expect(reading.events.map(\.eventID) == ["r/G1/result/56e1e771d7d77acb"])
    for other in [
      ["cd_time": "2026-09-09T10:00:00", "cd_operation": "U"], ["result_date": "20260902100000"],
      ["result_explain": "…"],
    ] {
      let same = Self.read(Self.row(.result, cells.merging(other) { $1 }))
      #expect(same.events == reading.events && same.content == reading.content)
    }
    for other in [["result_date": "2026-09-02 10:00:01"], ["row_guid": "G2"], ["project_no": "C2"]] {
      let changed = Self.read(Self.row(.result, cells.merging(other) { $1 }))
      #expect(changed.content != reading.content, "\(other)")
    }
    let odd = Self.read(Self.row(.result, cells.merging(["row_guid": "a/b%"]) { $1 }))
    #expect(odd.events.first?.eventID.text.hasPrefix("r/a%2Fb%25/result/") == true)
    // The longest row_guid leaves room for the id of a void.
    let long = Self.read(Self.row(.result, cells.merging(["row_guid": String(repeating: "x", count: 64)]) { $1 }))
    #expect(try #require(long.events.first).eventID.text.count <= 120)
  }

  /// Mapped columns and defaults fill the fields of all events; what is not mapped is not taken, but for what is kept.
  @Test func attributes() throws {
    let feed = Self.feed {
      $0.mapping[.entityType] = .init(column: "applyer_type", values: ["1": "individual"])
      $0.mapping[.region] = .init(column: "area")
      $0.defaults[.channel] = "window"
      $0.keep = ["org_name"]
    }
    let reading = Self.read(
      Self.row(
        .accept,
        [
          "task_code": "T1", "apply_date": "2026-09-01 09:00", "accept_date": "2026-09-01 10:00",
          "applyer_type": "1",
          "area": "469005", "applyer_page_code": "460000199001011234", "org_name": "市场监管局",
        ]), feed)
    for event in reading.events {
      #expect(event.entityType == "individual" && event.region == "469005" && event.channel == "window")
      #expect(event.process == "opening" && event.uscc == nil && event.kept == #"{"org_name":"市场监管局"}"#)
    }
    #expect(reading.events.count == 2)
  }

  /// Bytes that are no text, and texts without end.
  @Test func spoiltTexts() throws {
    var row = Self.row(.result, ["result_type": "1", "result_date": "2026-09-02 10:00"])
    row.cells.append(ExchangeRow.Cell(column: "remark", bytes: [0xC3, 0x28, 0x00]))
    let bad = Self.read(row)
    #expect(Self.told(bad) == ["bad_encoding remark"])
    let again = try #require(ExchangeRow(json: row.json))
    #expect(again.cells == row.cells)
    #expect(again.version.map { "\($0)" } == "2026-09-01T10:00:00")
    row.cells.removeLast()
    // What the database could not tell is no text, whatever it looks like.
    row.cells.append(ExchangeRow.Cell(column: "remark", bytes: [0x61], isText: false))
    #expect(Self.told(Self.read(row)) == ["bad_encoding remark"])
    #expect(ExchangeRow(json: row.json)?.cells == row.cells)
    row.cells.removeLast()
    let endless = [UInt8](repeating: 0x61, count: ExchangeRow.longest + 1)
    row.cells.append(ExchangeRow.Cell(column: "remark", bytes: endless))
    let long = Self.read(row)
    #expect(Self.told(long) == ["too_large remark"])
    #expect(try #require(long.reject).isTruncated)
    #expect(ExchangeRow(json: Array("{}".utf8)) == nil && ExchangeRow(json: Array("no".utf8)) == nil)
  }

  // MARK: Statements

  @Test func keys() throws {
    let time = try #require(ExchangeQuery.time("20260901080500000001"))
    #expect("\(time)" == "2026-09-01T08:05:00.000001" && ExchangeQuery.key(time) == "20260901080500000001")
    for none in ["", "2026", "20261301080500000000", "2026090108050000000x", "99999999999999999999"] {
      #expect(ExchangeQuery.time(none) == nil)
    }
  }

  /// Names of configuration and catalog cannot become anything else.
  @Test func namesAreQuoted() throws {
    let columns = Dictionary(
      uniqueKeysWithValues: ExchangeTable.allCases.map { table in
        (
          table.rawValue,
          (table.needed + [#"a"; DROP TABLE x; --"#]).map { ExchangeLayout.Column(name: $0, type: "text") }
        )
      })
    let exchange = ExchangeDescription(schema: #"s"; --"#)
    let feed = Self.feed { $0.keep = [#"a"; DROP TABLE x; --"#] }
    let layout = try ExchangeLayout(
      ExchangeLayout.Catalog(role: "r", hasSchema: true, mayUseSchema: true, columns: columns), feed: feed,
      exchange: exchange)
    let sql = ExchangeQuery.page(.result, layout, from: .guid("x"), limit: 10).sql
    #expect(sql.contains(#"FROM "s""; --"."up_pro_result" AS t"#))
    #expect(sql.contains(#"t."a""; DROP TABLE x; --""#))
    #expect(!sql.contains(#"a"; "#))
  }
}
