import ServiceTime

/// Ids of events that rows of exchange tables tell: `a/ROW_GUID/accept/HASH`.
///
/// The table's letter, the row's `row_guid`, which of the row's events it is, and the FNV-1a hash of all that the event
/// says in 16 hexadecimal digits: the same row with the same contents gives the same ids whoever reads it and whenever.
/// A row that comes back to what it said before a rewrite gets `~2`, `~3` … after it, for what was voided stays so.
/// The form never changes: it tells a repeated event.
public enum ExchangeEventID {
  /// Most characters of a `row_guid`, so that an id and that of its void have at most 128.
  static let longestGUID = 64

  /// What the ids of a row's events begin with.
  public static func prefix(_ table: ExchangeTable, guid: String) -> String {
    "\(table.letter)/\(guid.replacing("%", with: "%25").replacing("/", with: "%2F"))/"
  }

  /// The id of an event of a row; `mark` says which of them it is.
  static func text(_ event: Event, prefix: String, mark: String) -> String {
    "\(prefix)\(mark)/\(digits(hash(contents(event))))"
  }

  /// All fields of the contract but the ids, in a fixed order.
  private static func contents(_ event: Event) -> [[UInt8]?] {
    var fields: [String?] = [
      event.type.name, String(event.occurredAt.microseconds), event.sequence.map { String($0) }, event.process,
      event.step, event.region, event.grid, event.serviceWindow, event.channel, event.entityName, event.entityType,
      event.uscc, event.extendDays.map { String($0) },
    ]
    fields += event.tags ?? []
    return fields.map { $0.map { Array($0.utf8) } }
  }

  /// A hash over fields in which nothing is not the empty text.
  static func hash(_ fields: [[UInt8]?]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for field in fields {
      for byte in field ?? [0xFE] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xFF) &* 0x100_0000_01b3
    }
    return hash
  }

  /// 16 hexadecimal digits.
  static func digits(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
