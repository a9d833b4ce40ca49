import LibPQ
import ServiceTime

/// Which cases are read together.
enum CaseSelection: Sendable {
  /// These.
  case each([Identifier])
  /// All from one to another, both included: a walk along a key costs a fraction of as many look-ups.
  case all(from: Identifier, through: Identifier)
  /// All after one or from the beginning, through another or to the end.
  case after(Identifier?, through: Identifier?)

  /// Cases by ascending ids: as a walk where few others lie between them.
  static func near(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError) -> CaseSelection {
    guard let first = caseIDs.first, let last = caseIDs.last, caseIDs.count >= few else { return .each(caseIDs) }
    let most = caseIDs.count + caseIDs.count / 4
    let found = try session.execute(
      """
      SELECT count(*) FROM (
        SELECT FROM bizclock.case_file WHERE case_id BETWEEN $1 AND $2 LIMIT $3
      ) s
      """, [.text(first.text), .text(last.text), .int8(Int64(most) + 1)])
    return try found.int8(0, 0) <= Int64(most) ? .all(from: first, through: last) : .each(caseIDs)
  }

  private static let few = 100

  /// The condition on `case_id`; its parameters are the first of the statement.
  var condition: String {
    switch self {
    case .each: "case_id = ANY($1::text[])"
    case .all: "case_id BETWEEN $1 AND $2"
    case .after(nil, nil): "true"
    case .after(nil, _): "case_id <= $1"
    case .after(_, nil): "case_id > $1"
    case .after: "case_id > $1 AND case_id <= $2"
    }
  }

  /// The parameters of `condition`.
  var parameters: [Parameter] {
    switch self {
    case .each(let caseIDs): [.textArray(caseIDs.map(\.text))]
    case .all(let first, let last): [.text(first.text), .text(last.text)]
    case .after(let first, let last): [first, last].compactMap { $0.map { .text($0.text) } }
    }
  }
}
