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
    /// The rows of these row_guids, which give an order.
    case rows([String])
    /// Rows without a row_guid that gives an order: of this key or later, behind one by their marks.
    case unnamed(since: String, behind: String?)
  }

  /// Values `$1` of the database's own encoding, in UTF-8.
  public static let texts = """
    SELECT convert(v.bytes, getdatabaseencoding(), 'UTF8')
    FROM unnest($1::bytea[]) WITH ORDINALITY AS v (bytes, place) ORDER BY v.place
    """

  /// A page of rows, and its parameters. Each row begins with its key and with what places it among others, its
  /// `row_guid` or its mark; the columns follow in the layout's order, as texts or as the bytes that they are in the
  /// database's own encoding.
  ///
  /// Of several rows with one `row_guid` the last is taken: of one `cd_time`, or where no time gives the order, of all.
  /// Of rows without one those that say the same are one. Rows that are marked as deleted are left out.
  public static func page(
    _ table: ExchangeTable, _ layout: ExchangeLayout, from: From, limit: Int, inBytes: Bool = false
  ) -> (sql: String, parameters: [String]) {
    let columns = layout.columns[table] ?? []
    guard columns.count >= 4 else { return ("SELECT WHERE false", []) }
    let (guid, operation, time) = ("t.row_guid", "t.cd_operation", columns[2])
    let guidType = columns[0].type == "character" ? "text" : columns[0].type
    let order = time.kind == .text ? digits("t.cd_time") : "t.cd_time"
    var place = "\(guid)::text"
    var conditions = ["coalesce(upper(btrim(\(operation)::text)), '') <> 'D'", "\(orders(columns[0])) IS TRUE"]
    var parameters: [String] = []
    var distinct = "\(order), \(guid)"
    var ordering = distinct
    func since(_ key: String) {
      guard !key.isEmpty else { return }
      conditions.append("\(order) >= \(parameter(parameters.count + 1, time))")
      parameters.append(literal(key, time))
    }
    switch from {
    case .version(let key): since(key)
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
    case .rows(let guids):
      distinct = guid
      ordering = "\(guid), \(order) DESC NULLS LAST"
      // None that gives an order has a tab.
      conditions.append("\(guid) = ANY (string_to_array($1::text, E'\\t')::\(guidType)[])")
      parameters = [guids.joined(separator: "\t")]
    case .unnamed(let key, let last):
      conditions[1] = "\(orders(columns[0])) IS NOT TRUE"
      since(key)
      place = mark(columns)
      distinct = place
      ordering = "\(place), \(order) DESC NULLS LAST"
      if let last {
        conditions.append("\(place) > $\(parameters.count + 1)::text")
        parameters.append(last)
      }
    }
    let texts = columns.map(text)
    let shown = [keyText(time), place] + (inBytes ? texts.map { "convert_to(\($0), 'SQL_ASCII')" } : texts)
    // Equal rows must come in one order each time.
    let ties = texts.joined(separator: ", ")
    let sql = """
      SELECT DISTINCT ON (\(distinct)) \(shown.joined(separator: ", "))
      FROM \(quoted(layout.schema)).\(quoted(table.rawValue)) AS t
      WHERE \(conditions.joined(separator: " AND "))
      ORDER BY \(ordering), \(operation) DESC, \(ties)
      LIMIT \(limit)
      """
    return (sql, parameters)
  }

  // MARK: Rows without a row_guid

  /// Most characters of a `row_guid` that gives an order.
  private static let longestOrdered = 255

  /// Whether a `row_guid` gives an order.
  public static func orders(_ guid: String) -> Bool {
    !guid.isEmpty && guid.utf8.count <= longestOrdered && guid.utf8.allSatisfy { 0x20...0x7E ~= $0 }
  }

  /// Whether a row's `row_guid` gives it a place among others: it is there and, so that any connection can name it, of
  /// ASCII.
  private static func orders(_ guid: ExchangeLayout.Column) -> String {
    guard guid.isText else { return "(t.row_guid IS NOT NULL)" }
    return "(octet_length(t.row_guid) <= \(longestOrdered) AND t.row_guid::text ~ '^[ -~]*[!-~][ -~]*$')"
  }

  /// What places other rows: a hash of the `row_guid`, or of all that tells the row where it has none.
  private static func mark(_ columns: [ExchangeLayout.Column]) -> String {
    let names = columns.map(\.name).filter { $0 != "cd_operation" && $0 != "cd_time" }
    let contents = names.map { "t.\(quoted($0))" }.joined(separator: ", ")
    let row = "md5(ROW(\(contents))::text) COLLATE \"C\""
    guard columns[0].isText else { return row }
    return
      "(CASE WHEN t.row_guid::text ~ '[^[:space:]]' THEN md5(t.row_guid::text) ELSE \(row) END) COLLATE \"C\""
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

  /// The key of a time as a text spells it.
  static func key(digitsOf text: String) -> String {
    String((text.filter { $0.isASCII && $0.isNumber } + String(repeating: "0", count: 20)).prefix(20))
  }

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
