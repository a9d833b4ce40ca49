import LibPQ

/// Plans for walking many cases in pages within one transaction.
///
/// A page is a small part of its tables, found by their keys. A plan that reads a whole table to join a page with it, which
/// the planner takes for cheaper from some size on, would read it again for every page.
enum KeyLookups {
  /// From here to the transaction's end no table is read whole, as long as it has an index that serves.
  ///
  /// A batch of the projector is a small part of its tables. Joins may hash: some are between two things of the batch.
  static func beginBatch(_ session: inout Session) throws(PostgresError) {
    try session.script("SET LOCAL enable_seqscan = off")
  }

  /// From here to the transaction's end, or to `end`, rows are found by keys.
  static func begin(_ session: inout Session) throws(PostgresError) {
    try session.script(
      """
      SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
      -- What is forbidden counts as dear, and what is dear would be compiled anew for every page.
      SET LOCAL jit = off
      """)
  }

  /// Back to the planner's own choice.
  static func end(_ session: inout Session) throws(PostgresError) {
    try session.script(
      "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
  }
}
