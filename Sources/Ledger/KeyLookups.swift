import LibPQ

/// Plans for walking many cases, or the ledger, in pages.
///
/// A page is a small part of its tables, found by their keys. A plan that reads a whole table to join a page with it, or to
/// find where the page begins, would read it again for every page. The planner takes such plans for cheaper from some
/// size on, and from the first row on while a table that grows fast has not been analyzed.
enum KeyLookups {
  /// From here to the session's end rows are found by keys.
  static func beginForSession(_ session: inout Session) throws(PostgresError) {
    try session.script(
      """
      SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0; SET jit = off
      """)
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
