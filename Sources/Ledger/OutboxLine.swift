import ServiceTime

/// A log line that a projection gives rise to; written to the log once its transaction has committed.
struct OutboxLine: Sendable {
  enum Kind: String, Sendable {
    case raised = "alert.raised"
    case resolved = "alert.resolved"
    case withdrawn = "alert.withdrawn"
    case amended = "alert.amended"
    case summary = "alert.summary"
  }

  var kind: Kind
  var key: AlertRow.Key?
  /// Texts, and times in microseconds since 1970, as a JSON object.
  var json: JSONObject

  init(_ kind: Kind, _ alert: AlertRow, _ clock: ClockRow?, _ row: CaseRow, _ moment: ProjectionMoment) {
    self.kind = kind
    key = alert.key
    json = JSONObject()
    json.add("priority", alert.priority.rawValue)
    if let notify = alert.notify { json.add("notify", notify.rawValue) }
    json.add("due_at", alert.dueAt.microseconds)
    json.add("level_at", alert.levelAt.microseconds)
    json.add("recorded_at", moment.recordedAt.microseconds)
    if let told = OutboxLine.told(alert, moment) { json.add("data_at", told.microseconds) }
    if let resolved = alert.resolvedAt { json.add("resolved_at", resolved.microseconds) }
    if let calendar = clock?.calendar { json.add("calendar", calendar) }
    if clock?.provisional ?? false { json.add("provisional", flag: true) }
    if let region = row.attributes.region { json.add("region", region) }
    if let grid = row.attributes.grid { json.add("grid", grid) }
    if let window = row.attributes.serviceWindow { json.add("service_window", window) }
    if let reason = alert.changeReason { json.add("reason", reason.rawValue) }
  }

  /// A line on an alert of a share; `tally` is what it speaks of.
  init(
    _ kind: Kind, _ alert: AlertRow, _ period: SharePeriodRow?, _ tally: ShareTally?, _ moment: ProjectionMoment
  ) {
    self.kind = kind
    key = alert.key
    json = JSONObject()
    json.add("priority", alert.priority.rawValue)
    json.add("due_at", alert.dueAt.microseconds)
    json.add("level_at", alert.levelAt.microseconds)
    json.add("recorded_at", moment.recordedAt.microseconds)
    if let told = OutboxLine.told(alert, moment) { json.add("data_at", told.microseconds) }
    if let resolved = alert.resolvedAt { json.add("resolved_at", resolved.microseconds) }
    if let tally {
      json.add("population", tally.population)
      json.add("counted", tally.counted)
    }
    if let period {
      json.add("calendar", period.calendar)
      json.add("target", period.share.target.millionths)
      json.add("period", period.share.period.name(period.span.first))
    }
    if let reason = alert.changeReason { json.add("reason", reason.rawValue) }
  }

  /// When what told of the level came, for the measure of how late it was recorded; of one that is told anew, now.
  private static func told(_ alert: AlertRow, _ moment: ProjectionMoment) -> Instant? {
    alert.amended ? moment.recordedAt : alert.dataAt
  }

  /// A summary of a load: how many levels were recorded without paging anybody, or raised at one instant.
  init(summary counts: [(String, Int64)]) {
    kind = .summary
    key = nil
    json = JSONObject()
    for (name, count) in counts { json.add(name, count) }
  }
}
