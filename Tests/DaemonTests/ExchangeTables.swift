import LibPQ
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// Writes a data set into the tables of an exchange database, as an upstream system would.
enum ExchangeTables {
  /// The feed of the shipped example, with the columns that the tables here have beside its own.
  static func feed(_ example: FeedSettings) -> FeedSettings {
    var feed = example
    feed.exchange.steps = [
      "补正": ExchangeSettings.Step(start: "correction_requested", end: "correction_received"),
      "公示": ExchangeSettings.Step(start: "notice_published", end: "notice_ended"),
      "异议": ExchangeSettings.Step(start: "objection_raised"), "重新办理": ExchangeSettings.Step(start: "reopened"),
    ]
    feed.exchange.results = ["1": "completed", "2": "rejected", "3": "withdrawn"]
    feed.exchange.tasks = ["1": .init(process: "opening"), "2": .init(process: "deregistration")]
    for name in ["grid", "service_window", "channel", "entity_type", "tags"] {
      feed.mapping[name] = FieldMapping(column: name)
    }
    return feed
  }

  static func write(_ data: WaysData, to conninfo: String) async throws {
    var tables = Tables(data)
    for events in data.cases { tables.add(events) }
    let connection = try await Connection.connect(conninfo)
    let made = tables
    try await connection.run { session in
      try session.script(
        """
        SET search_path = public;
        ALTER TABLE up_pro_accept ADD grid text, ADD service_window text, ADD entity_type text, ADD tags text,
          ALTER channel TYPE text
        """)
      for (table, columns, rows) in made.all {
        let values = columns.indices.map { column in Parameter.textArray(rows.map { $0[column] }) }
        let types = [
          "apply_date", "accept_date", "event_start_time", "event_end_time", "result_date", "special_time",
          "end_time",
        ]
        let shown = columns.map {
          types.contains($0) ? "\($0)::timestamp" : $0 == "extend_days" ? "\($0)::integer" : $0
        }
        try session.execute(
          """
          INSERT INTO public.\(table) (row_guid, cd_operation, cd_time, \(columns.joined(separator: ", ")))
          SELECT 'g' || ordinality, 'I', timestamp '2026-07-01' + ordinality * interval '1 second',
            \(shown.joined(separator: ", "))
          FROM unnest(\(columns.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", "))) WITH ORDINALITY
            AS r (\(columns.joined(separator: ", ")), ordinality)
          """, values)
      }
    }
    await connection.close()
  }

  private struct Tables: Sendable {
    private let data: WaysData
    private var accept: [[String?]] = []
    private var process: [[String?]] = []
    private var result: [[String?]] = []
    private var special: [[String?]] = []

    init(_ data: WaysData) { self.data = data }

    var all: [(String, [String], [[String?]])] {
      [
        (
          "up_pro_accept",
          [
            "project_no", "task_code", "apply_date", "accept_date", "region", "grid", "channel", "service_window",
            "entity_type", "applyer_name", "tags",
          ], accept
        ),
        ("up_pro_process", ["project_no", "process_name", "event_start_time", "event_end_time"], process),
        ("up_pro_result", ["project_no", "result_date", "result_type"], result),
        (
          "up_pro_special_procedure", ["project_no", "special_type", "special_time", "end_time", "extend_days"],
          special
        ),
      ]
    }

    mutating func add(_ events: [Event]) {
      let ends = Dictionary(uniqueKeysWithValues: WaysData.pairs(events))
      var application: Int?
      for (place, event) in events.enumerated() {
        let (caseID, at) = (event.caseID.text, data.local(event.occurredAt))
        // What has not ended ends when it started.
        let end = ends[place].map { data.local(events[$0].occurredAt) } ?? at
        switch event.type.name {
        case "submitted":
          application = accept.count
          accept.append([
            caseID, event.process == "opening" ? "1" : "2", at, nil, event.region, event.grid, event.channel,
            event.serviceWindow, event.entityType, event.entityName, event.tags?.joined(separator: ";"),
          ])
        case "accepted": if let application { accept[application][3] = at }
        case "step_started": process.append([caseID, event.step, at, end])
        case "correction_requested": process.append([caseID, "补正", at, end])
        case "notice_published": process.append([caseID, "公示", at, end])
        case "objection_raised": process.append([caseID, "异议", at, at])
        case "reopened": process.append([caseID, "重新办理", at, at])
        case "suspended": special.append([caseID, "2", at, end, nil])
        case "extended": special.append([caseID, "1", at, at, event.extendDays.map(String.init)])
        case "completed": result.append([caseID, at, "1"])
        case "rejected": result.append([caseID, at, "2"])
        case "withdrawn": result.append([caseID, at, "3"])
        default: break
        }
      }
    }
  }
}
