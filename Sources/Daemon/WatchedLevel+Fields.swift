import Ledger
import ServiceTime

extension WatchedLevel {
  /// How many fields it has in a file.
  static let fieldCount = 13

  /// Its fields in a file; an absent text is one that begins with a minus, any other with a plus.
  var fields: [String] {
    [
      id.caseID, id.commitment, String(id.round), id.level, String(id.revision), priority.rawValue,
      String(dueAt.microseconds), String(levelAt.microseconds), calendar, WatchedLevel.field(notify?.rawValue),
      WatchedLevel.field(region), WatchedLevel.field(grid), WatchedLevel.field(serviceWindow),
    ]
  }

  /// A level of the fields that a file has; nil where they are none.
  init?(fields: ArraySlice<String>) {
    let fields = Array(fields)
    guard fields.count == WatchedLevel.fieldCount, let round = Int32(fields[2]), let revision = Int32(fields[4]),
      let priority = Level.Priority(rawValue: fields[5]), let due = Int64(fields[6]), let at = Int64(fields[7])
    else { return nil }
    self.init(
      id: AlertID(caseID: fields[0], commitment: fields[1], round: round, level: fields[3], revision: revision),
      priority: priority, dueAt: Instant(microseconds: due), levelAt: Instant(microseconds: at),
      calendar: fields[8], notify: WatchedLevel.text(fields[9]).flatMap { Level.Addressee(rawValue: $0) },
      region: WatchedLevel.text(fields[10]), grid: WatchedLevel.text(fields[11]),
      serviceWindow: WatchedLevel.text(fields[12]))
  }

  static func field(_ text: String?) -> String { text.map { "+" + $0 } ?? "-" }
  static func text(_ field: String) -> String? { field.hasPrefix("+") ? String(field.dropFirst()) : nil }
}
