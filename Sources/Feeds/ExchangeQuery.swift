import ServiceTime

/// The statements that read an exchange database: the one place that names its tables.
///
/// Names are quoted identifiers that stand in its catalog; values are parameters. Everything comes as text, for what is
/// a time in one office's tables is a text in another's.
public enum ExchangeQuery {
  /// Who reads, and whether there is the schema `$1` and may be used.
  public static let reader = """
    SELECT current_user::text, count(n.oid) > 0, coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE')), false)
    FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
    """

  /// The columns of the tables `$2` in the schema `$1`.
  public static let columns = """
    SELECT c.relname::text, a.attname::text, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL),
      has_column_privilege(c.oid, a.attnum, 'SELECT')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    """

  /// The time by the exchange database's own clock.
  public static let now = "SELECT clock_timestamp()"

  /// From where on a page is read.
  public enum From: Sendable, Equatable {
    /// Rows whose `cd_time` is this key (`key(_:)`) or later; the empty key means all.
    case version(String)
    /// Rows behind one, by (cd_time, row_guid).
    case behind(key: String, guid: String)
    /// Rows behind one, by row_guid alone; nil from the first on.
    case guid(String?)
  }

  /// A page of rows, and its parameters. Each row begins with its key; the columns follow in the layout's order.
  ///
  /// Of several rows with one `row_guid` the last is taken: of one `cd_time`, or where `row_guid` alone gives the order,
  /// of all. Rows that are marked as deleted are left out.
  public static func page(
    _ table: ExchangeTable, _ layout: ExchangeLayout, from: From, limit: Int
  ) -> (sql: String, parameters: [String]) {
    let columns = layout.columns[table] ?? []
    guard columns.count >= 4 else { return ("SELECT WHERE false", []) }
    let (guid, operation, time) = ("t.row_guid", "t.cd_operation", columns[2])
    let guidType = columns[0].type == "character" ? "text" : columns[0].type
    let order = time.kind == .text ? digits("t.cd_time") : "t.cd_time"
    var conditions = ["coalesce(upper(btrim(\(operation)::text)), '') <> 'D'"]
    var parameters: [String] = []
    var distinct = "\(order), \(guid)"
    var ordering = "\(order), \(guid)"
    switch from {
    case .version(let key):
      if !key.isEmpty {
        conditions.append("\(order) >= \(parameter(1, time))")
        parameters = [literal(key, time)]
      }
    case .behind(let key, let last):
      conditions.append("(\(order), \(guid)) > (\(parameter(1, time)), $2::text::\(guidType))")
      parameters = [literal(key, time), last]
    case .guid(let last):
      distinct = guid
      ordering = "\(guid), \(order) DESC NULLS LAST"
      if let last {
        conditions.append("\(guid) > $1::text::\(guidType)")
        parameters = [last]
      }
    }
    let shown = [keyText(time)] + columns.map(text)
    // Equal rows must come in one order each time.
    let ties = (1...shown.count).map(String.init).joined(separator: ", ")
    let sql = """
      SELECT DISTINCT ON (\(distinct)) \(shown.joined(separator: ", "))
      FROM \(quoted(layout.schema)).\(quoted(table.rawValue)) AS t
      WHERE \(conditions.joined(separator: " AND "))
      ORDER BY \(ordering), \(operation) DESC, \(ties)
      LIMIT \(limit)
      """
    return (sql, parameters)
  }

  /// An identifier in quotes.
  static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

  /// A column's value as text, no longer than one character too many.
  private static func text(_ column: ExchangeLayout.Column) -> String {
    let name = "t.\(quoted(column.name))"
    return switch column.kind {
    case .timestamp: "to_char(\(name)::timestamp, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
    case .timestamptz: "to_char(\(name) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    case .text: "left(\(name)::text, \(ExchangeRow.longest + 1))"
    }
  }

  // MARK: Keys

  /// The key of a time: its digits, from the year down to the microsecond.
  public static func key(_ time: LocalTime) -> String {
    let text = DerivedEventID.stamp(Instant(microseconds: time.microseconds))
    return String(text.filter(\.isNumber))
  }

  /// The time of a key; nil where it is none.
  public static func time(_ key: String) -> LocalTime? {
    let digits = key.utf8.map { Int($0) - 48 }
    guard digits.count == 20, digits.allSatisfy({ 0...9 ~= $0 }) else { return nil }
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    guard let date = CivilDate(checkedYear: number(0..<4), month: number(4..<6), day: number(6..<8)),
      let time = LocalTime.timeOfDay(number(8..<10), number(10..<12), number(12..<14))
    else { return nil }
    return LocalTime(date, timeOfDay: time + Int64(number(14..<20)))
  }

  private static func digits(_ name: String) -> String {
    "left(regexp_replace(\(name), '[^0-9]', '', 'g') || repeat('0', 20), 20) COLLATE \"C\""
  }

  private static func keyText(_ column: ExchangeLayout.Column) -> String {
    switch column.kind {
    case .timestamp: "to_char(t.cd_time::timestamp, 'YYYYMMDDHH24MISSUS')"
    case .timestamptz: "to_char(t.cd_time AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')"
    case .text: digits("t.cd_time")
    }
  }

  private static func parameter(_ number: Int, _ column: ExchangeLayout.Column) -> String {
    switch column.kind {
    case .timestamp: "$\(number)::text::timestamp"
    case .timestamptz: "$\(number)::text::timestamptz"
    case .text: "$\(number)::text"
    }
  }

  /// A key as the column's type reads it.
  private static func literal(_ key: String, _ column: ExchangeLayout.Column) -> String {
    guard column.kind != .text, let time = time(key) else { return key }
    return "\(time)\(column.kind == .timestamptz ? "Z" : "")"
  }
}
