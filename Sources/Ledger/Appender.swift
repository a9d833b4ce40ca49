import LibPQ
import ServiceTime

/// Appends batches to the ledger: each new event once, in one transaction with its rejects and counts.
///
/// A batch is copied in straight away unless one of its keys was seen lately; a key that turns out to be known is
/// looked up and compared. The row lock on `ledger_head` is held from the first statement to the commit, so that
/// positions are given in the order of commits, without a gap, and nothing slips in between looking up and copying.
public struct Appender: Sendable {
  private var recent = RecentKeys(capacity: 1 << 18)
  /// Whether the last batch held keys that the filter did not know; then the next is looked up whole at once.
  private var distrust = false
  private var sources = FeedSources()

  /// Where what it has appended is handed on.
  private let appended: AppendedEvents?

  /// An appender that has seen nothing yet.
  public init(handingTo appended: AppendedEvents? = nil) { self.appended = appended }

  /// Appends a batch and commits.
  ///
  /// Repeating a batch whose outcome is unknown does no harm: what is there counts as duplicate.
  public mutating func append(_ batch: AppendBatch, on session: inout Session) throws(PostgresError)
    -> AppendOutcome
  {
    try append(batch, parts: [], on: &session).outcome
  }

  /// Appends a batch that several deliveries make up, commits, and tells what became of each one's events beside the
  /// outcome of all; `parts` are their places in the batch.
  public mutating func append(
    _ batch: AppendBatch, parts: [Range<Int>], on session: inout Session
  ) throws(PostgresError) -> (outcome: AppendOutcome, parts: [AppendOutcome]) {
    var taking = Taking(batch)
    let named = sources.news(batch)
    do {
      try session.begin()
      try take(&taking, batch, &session)
      try FeedSources.note(named, of: batch.feed, &session)
      let (quarantined, fresh) = try Appender.quarantine(batch, taking.census.conflicts, &session)
      taking.outcome.quarantined = quarantined
      try Appender.count(batch, &taking.outcome, freshlyQuarantined: fresh, receivedAt: batch.receivedAt, &session)
      if taking.outcome.hasResumed { _ = try session.execute("SELECT pg_notify('bizclock_feed', '')", []) }
      try Appender.commit(&session)
    } catch {
      abandon(&session)
      throw error
    }
    remember(taking)
    sources.remember(named, of: batch.feed)
    hand(taking, batch)
    let outcome = taking.outcome
    return (
      outcome,
      parts.map { part in
        var share = taking.census.outcome(of: part)
        share.position = outcome.position
        return share
      }
    )
  }

  /// A batch on its way into the ledger.
  struct Taking: Sendable {
    var census: BatchCensus
    var outcome = AppendOutcome()
    /// Whether the batch held keys that the filter did not know.
    var surprised = false

    init(_ batch: AppendBatch) { census = BatchCensus(batch) }
  }

  /// Takes the append lock and copies in what is new, inside the caller's transaction; the census says what is not.
  func take(_ taking: inout Taking, _ batch: AppendBatch, _ session: inout Session) throws(PostgresError) {
    let suspects = taking.census.candidates.filter { distrust || recent.contains(taking.census.hashes[$0]) }
    let head = try session.execute(
      "UPDATE bizclock.ledger_head SET position = position + $1 RETURNING position, \(Schema.newestThere)",
      [.int8(Int64(batch.events.count))])
    // A migration holds this table to its commit: what is seen here holds to ours.
    let schema = try head.int4(0, 1)
    guard schema <= Schema.newest else {
      throw PostgresError(
        .usage, operation: "append", message: Schema.Fault.newer(schema, than: Schema.newest).description)
    }
    let first = try head.int8(0, 0) - Int64(batch.events.count) + 1
    try Appender.lookUp(suspects, &taking.census, batch, &session)
    if !taking.census.candidates.isEmpty {
      try session.savepoint("copy")
      do {
        try Appender.copy(taking.census.candidates, batch, first, &session)
      } catch let error where error.code == .uniqueViolation {
        taking.surprised = true
        try session.rollback(to: "copy")
        try Appender.lookUp(taking.census.candidates, &taking.census, batch, &session)
        try Appender.copy(taking.census.candidates, batch, first, &session)
      }
    }
    taking.census.judgeRepeats(batch)
    taking.outcome.new = taking.census.candidates.count
    taking.outcome.duplicate = taking.census.duplicates
    taking.outcome.position = first + Int64(taking.outcome.new) - 1
    if taking.outcome.new < batch.events.count {
      _ = try session.execute(
        "UPDATE bizclock.ledger_head SET position = $1", [.int8(taking.outcome.position)])
    }
  }

  /// Tells the projector and commits.
  static func commit(_ session: inout Session) throws(PostgresError) {
    _ = try session.execute("SELECT pg_notify('bizclock_ledger', '')", [])
    try session.commit()
  }

  /// Undoes a transaction whose batch may be in the ledger all the same.
  mutating func abandon(_ session: inout Session) {
    session.rollbackQuietly()
    distrust = true
  }

  /// Learns the keys of a batch that is in.
  mutating func remember(_ taking: Taking) {
    let known = taking.census.duplicates
    distrust = taking.surprised || known * 20 > taking.census.hashes.count
    for hash in taking.census.hashes { recent.insert(hash) }
  }

  /// Hands on what has been committed.
  func hand(_ taking: Taking, _ batch: AppendBatch) {
    let new = taking.census.candidates
    let first = taking.outcome.position - Int64(new.count) + 1
    appended?.put(
      EventRun(
        events: new.count == batch.events.count ? batch.events : new.map { batch.events[$0] }, first: first,
        receivedAt: batch.receivedAt, history: batch.history))
  }

  /// What is said of an event whose id is in the ledger with other fields.
  static func conflictMessage(_ event: Event) -> String {
    "the event id \(event.eventID) of this case and source is in the ledger with other fields; "
      + "send a correction under an id of its own, and void the earlier event"
  }

  /// Finds which of some events are in the ledger already, and takes them off the candidates.
  private static func lookUp(
    _ indexes: [Int], _ census: inout BatchCensus, _ batch: AppendBatch, _ session: inout Session
  ) throws(PostgresError) {
    guard !indexes.isEmpty else { return }
    let events = indexes.map { batch.events[$0] }
    let found = try session.execute(
      """
      SELECT \(EventRows.columns) FROM bizclock.event
      JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (c, s, e)
        ON case_id = k.c AND source = k.s AND event_id = k.e
      """,
      [
        .textArray(events.map(\.caseID.text)), .textArray(events.map(\.source.text)),
        .textArray(events.map(\.eventID.text)),
      ])
    guard found.rowCount > 0 else { return }
    var stored: [LedgerKey: Event] = [:]
    for row in 0..<found.rowCount {
      let event = try EventRows.read(found, row).event
      stored[LedgerKey(event)] = event
    }
    census.judge(against: stored, batch)
  }

  private static func copy(
    _ indexes: [Int], _ batch: AppendBatch, _ first: Int64, _ session: inout Session
  ) throws(PostgresError) {
    guard !indexes.isEmpty else { return }
    try session.copyIn(EventRows.copy) { writer throws(PostgresError) in
      for (ordinal, index) in indexes.enumerated() {
        try EventRows.write(StoredEvent(batch, index, position: first + Int64(ordinal)), to: &writer)
      }
    }
  }

  /// Bytes after which a statement ends that stores rejects and conflicts: each has the header row of its file beside
  /// it, and what they have together does not fit into one.
  private static let quarantineBytes = 4 << 20

  /// Stores rejects and conflicts; says how many there are, and how many of them were not there already.
  static func quarantine(
    _ batch: AppendBatch, _ conflicts: [Int], _ session: inout Session
  ) throws(PostgresError) -> (all: Int, fresh: Int) {
    var entries = batch.rejects
    for index in conflicts {
      let event = batch.events[index]
      var entry =
        batch.original?(index)
        ?? QuarantineEntry(
          origin: "", line: 0, byteOffset: 0, totalBytes: 0, code: "", message: "",
          bytes: Array(EventText.ndjson(event).utf8))
      entry.totalBytes = max(entry.totalBytes, Int64(entry.bytes.count))
      entry.code = "conflict"
      entry.field = "event_id"
      entry.message = conflictMessage(event)
      entries.append(entry)
    }
    var (fresh, from, bytes) = (0, 0, 0)
    for (index, entry) in entries.enumerated() {
      bytes += entry.bytes.count + (entry.header?.count ?? 0)
      guard bytes >= quarantineBytes || index == entries.count - 1 else { continue }
      fresh += try store(entries[from...index], of: batch, &session)
      (from, bytes) = (index + 1, 0)
    }
    return (entries.count, fresh)
  }

  /// Stores entries by one statement; says how many of them were not there already.
  private static func store(
    _ entries: ArraySlice<QuarantineEntry>, of batch: AppendBatch, _ session: inout Session
  ) throws(PostgresError) -> Int {
    try session.execute(
      """
      INSERT INTO bizclock.quarantine
        (received_at, line, byte_offset, total_bytes, feed, origin, code, field, message, bytes, header)
      SELECT $1, line, byte_offset, total_bytes, $2, origin, code, field, message, bytes, header
      FROM unnest($3::int8[], $4::int8[], $5::int8[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[],
        $11::bytea[]) AS q (line, byte_offset, total_bytes, origin, code, field, message, bytes, header)
      ON CONFLICT DO NOTHING
      """,
      [
        .timestamptz(batch.receivedAt.microseconds), .text(batch.feed), .int8Array(entries.map(\.line)),
        .int8Array(entries.map(\.byteOffset)), .int8Array(entries.map(\.totalBytes)),
        .textArray(entries.map { storable($0.origin) }), .textArray(entries.map(\.code)),
        .textArray(entries.map { $0.field.map(storable) }), .textArray(entries.map { storable($0.message) }),
        .byteaArray(entries.map(\.bytes)), .byteaArray(entries.map(\.header)),
      ]
    ).affectedRows
  }

  /// PostgreSQL's texts hold no NUL; one in a message or a column's name must not stop the batch. The bytes keep it.
  static func storable(_ text: String) -> String {
    guard text.utf8.contains(0) else { return text }
    return String(text.unicodeScalars.map { $0.value == 0 ? "\u{fffd}" : Character($0) })
  }

  /// Counts a batch for its feed; `receivedAt` is when the feed brought it, nil if it was there already. A feed that
  /// brings something counts as silent no longer, if it does not stay so; the row is locked before it is looked at, so
  /// that a mark set meanwhile is seen.
  static func count(
    _ batch: AppendBatch, _ outcome: inout AppendOutcome, freshlyQuarantined: Int, receivedAt: Instant?,
    staysStalled: Bool = false, _ session: inout Session
  ) throws(PostgresError) {
    let counted = try session.execute(
      """
      WITH was AS MATERIALIZED (SELECT stalled, last_received_at FROM bizclock.feed WHERE name = $1 FOR UPDATE)
      INSERT INTO bizclock.feed AS f
        (name, source, last_event_at, last_received_at, received, duplicates, quarantined)
      SELECT $1, $2, $3, $4, $5, $6, $7 FROM (SELECT count(*) FROM was) AS locked
      ON CONFLICT (name) DO UPDATE SET
        source = excluded.source,
        last_event_at = greatest(f.last_event_at, excluded.last_event_at),
        last_received_at = greatest(f.last_received_at, excluded.last_received_at),
        received = f.received + excluded.received,
        duplicates = f.duplicates + excluded.duplicates,
        quarantined = f.quarantined + excluded.quarantined,
        stalled = f.stalled AND (excluded.last_received_at IS NULL OR $8)
      RETURNING coalesce((SELECT stalled FROM was), false) AND NOT f.stalled, (SELECT last_received_at FROM was)
      """,
      [
        .text(batch.feed), .text(batch.source), .timestamptz(batch.events.map(\.occurredAt).max()?.microseconds),
        .timestamptz(receivedAt?.microseconds), .int8(Int64(outcome.new)), .int8(Int64(outcome.duplicate)),
        .int8(Int64(freshlyQuarantined)), .bool(staysStalled),
      ])
    outcome.hasResumed = try counted.bool(0, 0)
    if outcome.hasResumed {
      outcome.silentSince = try counted.optionalTimestamptz(0, 1).map { Instant(microseconds: $0) }
    }
  }
}

extension StoredEvent {
  /// An event of a batch as it is stored.
  fileprivate init(_ batch: AppendBatch, _ index: Int, position: Int64) {
    self.init(
      event: batch.events[index], position: position, receivedAt: batch.receivedAt, history: batch.history)
  }
}
