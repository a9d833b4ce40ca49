/// What an exchange database must have, and does not.
public struct ExchangeSchemaFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  public var description: String
}

/// The columns of an exchange database that a feed reads, and how each is written.
public struct ExchangeLayout: Sendable, Equatable {
  /// How a column's values are written.
  public enum Kind: Sendable, Equatable {
    /// A time without a zone.
    case timestamp
    /// A time with an offset.
    case timestamptz
    /// Anything else, as text.
    case text
  }

  /// One column.
  public struct Column: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its type, as PostgreSQL names it.
    public var type: String
    /// Whether the reader may read it.
    public var isReadable: Bool

    /// A column; arguments as the properties.
    public init(name: String, type: String, isReadable: Bool = true) {
      self.name = name
      self.type = type
      self.isReadable = isReadable
    }

    /// Whether it is of a type of texts.
    var isText: Bool { ["text", "character varying", "character"].contains(type) }

    /// How its values are written.
    var kind: Kind {
      switch type {
      case "timestamp without time zone", "date": .timestamp
      case "timestamp with time zone": .timestamptz
      default: .text
      }
    }
  }

  /// What a database was found to have.
  public struct Catalog: Sendable {
    /// The role that reads.
    public var role: String
    /// Whether there is the schema.
    public var hasSchema: Bool
    /// Whether the role may use it.
    public var mayUseSchema: Bool
    /// The columns of its tables, by the tables' names.
    public var columns: [String: [Column]]

    /// A catalog; arguments as the properties.
    public init(role: String, hasSchema: Bool, mayUseSchema: Bool, columns: [String: [Column]]) {
      self.role = role
      self.hasSchema = hasSchema
      self.mayUseSchema = mayUseSchema
      self.columns = columns
    }
  }

  /// The columns that are read of each table, in the order of reading; the first four are common to all.
  public private(set) var columns: [ExchangeTable: [Column]] = [:]
  /// The schema.
  public let schema: String

  /// Types that a `row_guid` may have: rows are read in its order.
  private static let guidTypes = ["text", "character varying", "character", "uuid", "integer", "bigint"]

  /// Finds the columns that a feed reads, or what is missing.
  public init(
    _ catalog: Catalog, feed: FeedDescription, exchange: ExchangeDescription
  ) throws(ExchangeSchemaFault) {
    schema = exchange.schema
    let quoted = ExchangeQuery.quoted(schema)
    guard catalog.hasSchema else {
      throw ExchangeSchemaFault(
        description:
          "the exchange database has no schema \(schema): set the feed's schema to the one that holds the "
          + "tables up_pro_…")
    }
    let reader = ExchangeQuery.quoted(catalog.role)
    guard catalog.mayUseSchema else {
      throw ExchangeSchemaFault(
        description:
          "the role \(catalog.role) may not use the schema \(schema) of the exchange database; there run: "
          + "GRANT USAGE ON SCHEMA \(quoted) TO \(reader);")
    }
    let further = feed.mapping.values.map(\.column) + feed.keep
    for table in ExchangeTable.allCases {
      let name = "\(schema).\(table.rawValue)"
      guard let there = catalog.columns[table.rawValue] else {
        throw ExchangeSchemaFault(
          description:
            "the exchange database has no table \(name): set the feed's schema to the one that holds it, or "
            + "have it made (deploy/examples/exchange/schema.sql shows its columns)")
      }
      var read: [Column] = []
      for wanted in table.needed + (table == .specialProcedure ? ["special_name"] : []) + further
      where !read.contains(where: { $0.name == wanted }) {
        guard let column = there.first(where: { $0.name == wanted }) else {
          guard !table.needed.contains(wanted) else {
            throw ExchangeSchemaFault(
              description:
                "the table \(name) of the exchange database has no column \(wanted): have it added, or let a "
                + "view of that name show it")
          }
          continue
        }
        guard column.isReadable else {
          throw ExchangeSchemaFault(
            description:
              "the role \(catalog.role) may not read \(wanted) of \(name) in the exchange database; there "
              + "run: GRANT SELECT ON \(quoted).\(table.rawValue) TO \(reader);")
        }
        read.append(column)
      }
      try ExchangeLayout.check(read, of: name)
      columns[table] = read
    }
    for wanted in further where !columns.values.contains(where: { $0.contains { $0.name == wanted } }) {
      throw ExchangeSchemaFault(
        description:
          "no table of the exchange database has a column \(wanted), which the feed's mapping or keep names: "
          + "correct its name, or take it out")
    }
  }

  private static func check(_ columns: [Column], of name: String) throws(ExchangeSchemaFault) {
    guard guidTypes.contains(columns[0].type) else {
      throw ExchangeSchemaFault(
        description:
          "row_guid of \(name) in the exchange database is of type \(columns[0].type); it must be one of "
          + guidTypes.joined(separator: ", "))
    }
    guard columns[2].kind != .text || columns[2].isText else {
      throw ExchangeSchemaFault(
        description:
          "cd_time of \(name) in the exchange database is of type \(columns[2].type); it must be a timestamp, "
          + "or text like 20260901080500")
    }
  }

  /// Whether `cd_time` of a table tells its offset; otherwise it is on the wall of the feed's zone.
  public func versionHasOffset(_ table: ExchangeTable) -> Bool { columns[table]?[2].kind == .timestamptz }
}
