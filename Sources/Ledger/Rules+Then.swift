import LibPQ

extension Rules {
  static let columns = """
    kind, id, document, array(SELECT key FROM jsonb_each_text(files) ORDER BY key),
    array(SELECT value FROM jsonb_each_text(files) ORDER BY key)
    """

  /// The policy and the calendar of some numbers, whether they are in force or not; nil where one is not there.
  public static func numbered(
    policy: Int64, calendar: Int64, _ session: inout Session
  ) throws(PostgresError) -> InForce? {
    try read(
      try session.execute(
        "SELECT \(columns) FROM bizclock.rules WHERE id = $1 OR id = $2", [.int8(policy), .int8(calendar)]))
  }

  /// A policy and a calendar of rows of `columns`.
  static func read(_ found: QueryResult) throws(PostgresError) -> InForce? {
    var byKind: [RuleDocument.Kind: (Int64, RuleDocument)] = [:]
    for row in 0..<found.rowCount {
      guard let kind = RuleDocument.Kind(rawValue: try found.text(row, 0)) else { continue }
      var files: [String: String] = [:]
      let names = try found.optionalTextArray(row, 3) ?? []
      let texts = try found.optionalTextArray(row, 4) ?? []
      for (name, text) in zip(names, texts) { if let name, let text { files[name] = text } }
      byKind[kind] = (try found.int8(row, 1), RuleDocument(text: try found.text(row, 2), files: files))
    }
    guard let policy = byKind[.policy], let calendar = byKind[.calendar] else { return nil }
    return InForce(policyID: policy.0, policy: policy.1, calendarID: calendar.0, calendar: calendar.1)
  }
}
