import Feeds
import LibPQ
import ServiceTime

/// What keeps an exchange database from being read: said to whoever runs it, with what to do.
public struct ExchangeTrouble: Error, Sendable, CustomStringConvertible {
  /// What is wrong and what to do, safe to log.
  let sentence: String
  /// The server's or libpq's own words; empty where there are none.
  let detail: String
  /// Whether the database did not answer in time.
  let isSlow: Bool

  init(_ fault: ExchangeSchemaFault) {
    sentence = fault.description
    detail = ""
    isSlow = false
  }

  init(_ error: PostgresError) {
    isSlow = error.kind == .timeout && error.operation != "connect" || error.code == .queryCanceled
    sentence = ExchangeTrouble.sentence(error, isSlow)
    detail = error.description
  }

  /// The sentence with its detail.
  public var description: String { detail.isEmpty ? sentence : "\(sentence) (\(detail))" }

  private static func sentence(_ error: PostgresError, _ isSlow: Bool) -> String {
    if isSlow {
      return
        "the exchange database does not answer a reading within \(ExchangeSource.patience) s: have indexes made "
        + "there on (cd_time, row_guid) and on (row_guid) of each table; smaller parts are tried"
    }
    switch error.code {
    case .insufficientPrivilege?:
      return "the exchange database refuses to be read: GRANT SELECT on its tables to the feed's role"
    case .invalidPassword?, .invalidAuthorization?:
      return "the exchange database refuses the login: put right the password file, the role or its pg_hba.conf"
    case .invalidCatalogName?:
      return "the exchange database is not there: name the right one in the feed's database"
    case .tooManyConnections?: return "the exchange database takes no more connections"
    case .lockNotAvailable?: return "a table of the exchange database is locked for long"
    default: break
    }
    if error.kind == .setup { return "the feed's database cannot be used" }
    return error.isRetryable
      ? "the exchange database cannot be reached or does not serve" : "the exchange database refuses a reading"
  }
}

/// A connection to an exchange database, which it only reads.
struct ExchangeSource: Sendable {
  /// A row with its key, which is nil where it has no time.
  struct Keyed: Sendable {
    var key: String?
    /// What places it among others: its `row_guid`, or its mark.
    var place: String
    var row: ExchangeRow
  }

  /// How long a reading may take, in seconds.
  static let patience = 30

  let connection: Connection
  let layout: ExchangeLayout

  /// Connects, and finds the tables.
  static func connect(
    _ conninfo: String, feed: FeedDescription, exchange: ExchangeDescription
  ) async throws(ExchangeTrouble) -> ExchangeSource {
    var options = ConnectionOptions()
    options.applicationName = "bizclock exchange"
    options.statementTimeout = Int32(patience + 5) * 1_000
    options.cancelPatience = 1_000
    options.settings = [
      "statement_timeout": "\(patience)s", "lock_timeout": "5s", "default_transaction_read_only": "on",
      "idle_in_transaction_session_timeout": "10s", "max_parallel_workers_per_gather": "0",
    ]
    do {
      let connection = try await Connection.connect(conninfo, options: options)
      do {
        let catalog = try await connection.run { try ExchangeSource.catalog(exchange.schema, &$0) }
        let layout = try ExchangeLayout(catalog, feed: feed, exchange: exchange)
        return ExchangeSource(connection: connection, layout: layout)
      } catch {
        await connection.close()
        throw error
      }
    } catch {
      throw trouble(error)
    }
  }

  private static func catalog(
    _ schema: String, _ session: inout Session
  ) throws(PostgresError) -> ExchangeLayout.Catalog {
    let reader = try session.execute(ExchangeQuery.reader, [.text(schema)])
    var catalog = ExchangeLayout.Catalog(
      role: try reader.text(0, 0), hasSchema: try reader.bool(0, 1), mayUseSchema: try reader.bool(0, 2),
      columns: [:])
    let tables = ExchangeTable.allCases.map(\.rawValue)
    let found = try session.execute(ExchangeQuery.columns, [.text(schema), .textArray(tables)])
    for row in 0..<found.rowCount {
      catalog.columns[try found.text(row, 0), default: []].append(
        ExchangeLayout.Column(
          name: try found.text(row, 1), type: try found.text(row, 2), isReadable: try found.bool(row, 3)))
    }
    return catalog
  }

  /// The time by its own clock.
  func now() async throws(ExchangeTrouble) -> Instant {
    do {
      return Instant(microseconds: try await connection.run { try $0.execute(ExchangeQuery.now).timestamptz(0, 0) })
    } catch {
      throw ExchangeSource.trouble(error)
    }
  }

  /// A page of rows.
  func page(
    _ table: ExchangeTable, from: ExchangeQuery.From, limit: Int
  ) async throws(ExchangeTrouble) -> [Keyed] {
    do {
      return try await connection.run { session in
        do {
          return try rows(table, from, limit, &session)
        } catch let error as PostgresError where error.isUntranslatable {
          return try pageInBytes(table, from, limit, &session)
        }
      }
    } catch {
      throw ExchangeSource.trouble(error)
    }
  }

  /// The rows of a page, as texts or as the bytes that they are there.
  func rows(
    _ table: ExchangeTable, _ from: ExchangeQuery.From, _ limit: Int, inBytes: Bool = false,
    _ session: inout Session
  ) throws(PostgresError) -> [Keyed] {
    let (sql, values) = ExchangeQuery.page(table, layout, from: from, limit: limit, inBytes: inBytes)
    let names = (layout.columns[table] ?? []).map(\.name)
    let found = try session.execute(sql, values.map { .text($0) })
    var rows: [Keyed] = []
    for row in 0..<found.rowCount { rows.append(try ExchangeSource.keyed(table, names, found, row)) }
    return rows
  }

  private static func keyed(
    _ table: ExchangeTable, _ names: [String], _ found: QueryResult, _ row: Int
  ) throws(PostgresError) -> Keyed {
    var cells: [ExchangeRow.Cell] = []
    for (index, name) in names.enumerated() where !found.isNull(row, index + 2) {
      cells.append(ExchangeRow.Cell(column: name, bytes: try found.bytea(row, index + 2)))
    }
    let key = try found.optionalText(row, 0)
    return Keyed(
      key: key, place: try found.text(row, 1),
      row: ExchangeRow(table, version: key.flatMap { ExchangeQuery.time($0) }, cells: cells))
  }

  private static func trouble(_ error: any Error) -> ExchangeTrouble {
    switch error {
    case let fault as ExchangeSchemaFault: ExchangeTrouble(fault)
    case let error as PostgresError: ExchangeTrouble(error)
    default: ExchangeTrouble(PostgresError(.cancelled, operation: "read", message: "\(error)"))
    }
  }

  func close() async { await connection.close() }
}
