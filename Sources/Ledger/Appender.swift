import LibPQ
import ServiceTime

/// Input of one feed to be taken in by one transaction.
public struct AppendBatch: Sendable {
  /// The feed's name.
  public var feed: String
  /// The feed's source.
  public var source: String
  /// Events in the order of the input.
  public var events: [Event]
  /// The input's bytes of each event, for the quarantine should it be a conflict; empty where they are not kept.
  public var originals: [QuarantineEntry]
  /// What could not be understood.
  public var rejects: [QuarantineEntry]
  /// Whether all of it is history.
  public var history: Bool
  /// When it was received.
  public var receivedAt: Instant

  /// A batch; `originals` is empty or has one entry an event.
  public init(
    feed: String, source: String, events: [Event], originals: [QuarantineEntry] = [],
    rejects: [QuarantineEntry] = [], history: Bool = false, receivedAt: Instant
  ) {
    self.feed = feed
    self.source = source
    self.events = events
    self.originals = originals
    self.rejects = rejects
    self.history = history
    self.receivedAt = receivedAt
  }
}

/// Input that could not be taken in, whole.
public struct QuarantineEntry: Sendable, Equatable {
  /// The file or stream it came in.
  public var origin: String
  /// Its line there, from 1.
  public var line: Int64
  /// Its first byte there, from 0.
  public var byteOffset: Int64
  /// Its length; `bytes` may be cut.
  public var totalBytes: Int64
  /// The reject code.
  public var code: String
  /// The field at fault, if one is.
  public var field: String?
  /// What is wrong and what to do.
  public var message: String
  /// The bytes as they came.
  public var bytes: [UInt8]
  /// The header row that a CSV row needs to be read again.
  public var header: [UInt8]?

  /// An entry.
  public init(
    origin: String, line: Int64, byteOffset: Int64, totalBytes: Int64, code: String, field: String? = nil,
    message: String, bytes: [UInt8], header: [UInt8]? = nil
  ) {
    self.origin = origin
    self.line = line
    self.byteOffset = byteOffset
    self.totalBytes = totalBytes
    self.code = code
    self.field = field
    self.message = message
    self.bytes = bytes
    self.header = header
  }
}

/// What became of a batch.
public struct AppendOutcome: Sendable, Equatable {
  /// Events that are new in the ledger.
  public var new = 0
  /// Events that were there already and say the same.
  public var duplicate = 0
  /// Lines in quarantine, conflicts among them.
  public var quarantined = 0
  /// The ledger's last position then; projections that have reached it show the batch.
  public var position: Int64 = 0

  /// Nothing yet.
  public init() {}

  /// All events and rejects together.
  public var read: Int { new + duplicate + quarantined }

  /// Adds another batch's outcome.
  public static func += (a: inout AppendOutcome, b: AppendOutcome) {
    a.new += b.new
    a.duplicate += b.duplicate
    a.quarantined += b.quarantined
    a.position = max(a.position, b.position)
  }
}

/// The identity of an event in the ledger.
struct LedgerKey: Hashable, Sendable {
  var caseID: Identifier
  var source: Identifier
  var eventID: Identifier
  init(_ event: Event) {
    caseID = event.caseID
    source = event.source
    eventID = event.eventID
  }
}

/// Appends batches to the ledger: each new event once, in one transaction with its rejects and counts.
///
/// A batch is copied in straight away unless one of its keys was seen lately; a key that turns out to be known is
/// looked up and compared. The row lock on `ledger_head` is held from the first statement to the commit, so that
/// positions are given in the order of commits, without a gap, and nothing slips in between looking up and copying.
public struct Appender: Sendable {
  private var recent = RecentKeys(capacity: 1 << 18)
  /// Whether the last batch held keys that the filter did not know; then the next is looked up whole at once.
  private var distrust = false

  /// An appender that has seen nothing yet.
  public init() {}

  /// Appends a batch and commits.
  ///
  /// Repeating a batch whose outcome is unknown does no harm: what is there counts as duplicate.
  public mutating func append(_ batch: AppendBatch, on session: inout Session) throws(PostgresError)
    -> AppendOutcome
  {
    var known = Known(batch)
    var outcome = AppendOutcome()
    var appended: [Int] = []
    let suspects = known.candidates.filter { distrust || recent.contains(known.keys[$0]) }
    var surprised = false
    do {
      try session.begin()
      let head = try session.execute(
        "UPDATE bizclock.ledger_head SET position = position + $1 RETURNING position",
        [.int8(Int64(batch.events.count))])
      let first = try head.int8(0, 0) - Int64(batch.events.count) + 1
      try Appender.lookUp(suspects, &known, batch, &session)
      if !known.candidates.isEmpty {
        try session.savepoint("copy")
        do {
          appended = try Appender.copy(known.candidates, batch, first, &session)
        } catch let error where error.code == .uniqueViolation {
          surprised = true
          try session.rollback(to: "copy")
          try Appender.lookUp(known.candidates, &known, batch, &session)
          appended = try Appender.copy(known.candidates, batch, first, &session)
        }
      }
      let quarantined = try Appender.quarantine(batch, known.conflicts, &session)
      outcome.new = appended.count
      outcome.duplicate = known.duplicates
      outcome.quarantined = quarantined
      outcome.position = first + Int64(appended.count) - 1
      if appended.count < batch.events.count {
        _ = try session.execute("UPDATE bizclock.ledger_head SET position = $1", [.int8(outcome.position)])
      }
      try Appender.count(batch, outcome, &session)
      _ = try session.execute("SELECT pg_notify('bizclock_ledger', '')", [])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      distrust = true
      throw error
    }
    distrust = surprised || known.duplicates * 20 > batch.events.count
    for index in known.keys.indices { recent.insert(known.keys[index]) }
    return outcome
  }

  /// What is known of a batch's keys so far.
  private struct Known {
    let keys: [LedgerKey]
    /// Indexes of events that may be new.
    var candidates: [Int] = []
    var duplicates = 0
    /// Indexes of events whose id says something else already.
    var conflicts: [Int] = []

    init(_ batch: AppendBatch) {
      keys = batch.events.map(LedgerKey.init)
      var first: [LedgerKey: Int] = [:]
      first.reserveCapacity(keys.count)
      candidates.reserveCapacity(keys.count)
      for (index, key) in keys.enumerated() {
        guard let earlier = first[key] else {
          first[key] = index
          candidates.append(index)
          continue
        }
        judge(index, batch.events[index], against: batch.events[earlier])
      }
    }

    mutating func judge(_ index: Int, _ event: Event, against known: Event) {
      if event.saysTheSame(as: known) { duplicates += 1 } else { conflicts.append(index) }
    }
  }

  /// Finds which of some events are in the ledger already, and takes them off the candidates.
  private static func lookUp(
    _ indexes: [Int], _ known: inout Known, _ batch: AppendBatch, _ session: inout Session
  ) throws(PostgresError) {
    guard !indexes.isEmpty else { return }
    let found = try session.execute(
      """
      SELECT \(EventRows.columns) FROM bizclock.event
      JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (c, s, e)
        ON case_id = k.c AND source = k.s AND event_id = k.e
      """,
      [
        .textArray(indexes.map { known.keys[$0].caseID.text }),
        .textArray(indexes.map { known.keys[$0].source.text }),
        .textArray(indexes.map { known.keys[$0].eventID.text }),
      ])
    guard found.rowCount > 0 else { return }
    var stored: [LedgerKey: Event] = [:]
    for row in 0..<found.rowCount {
      let event = try EventRows.read(found, row).event
      stored[LedgerKey(event)] = event
    }
    var left: [Int] = []
    for index in known.candidates {
      if let there = stored[known.keys[index]] {
        known.judge(index, batch.events[index], against: there)
      } else {
        left.append(index)
      }
    }
    known.candidates = left
  }

  private static func copy(
    _ indexes: [Int], _ batch: AppendBatch, _ first: Int64, _ session: inout Session
  ) throws(PostgresError) -> [Int] {
    guard !indexes.isEmpty else { return [] }
    try session.copyIn(EventRows.copy) { writer throws(PostgresError) in
      for (ordinal, index) in indexes.enumerated() {
        try EventRows.write(
          StoredEvent(
            event: batch.events[index], position: first + Int64(ordinal), receivedAt: batch.receivedAt,
            history: batch.history), to: &writer)
      }
    }
    return indexes
  }

  private static func quarantine(
    _ batch: AppendBatch, _ conflicts: [Int], _ session: inout Session
  ) throws(PostgresError) -> Int {
    var entries = batch.rejects
    for index in conflicts {
      let event = batch.events[index]
      var entry =
        index < batch.originals.count
        ? batch.originals[index]
        : QuarantineEntry(
          origin: "", line: 0, byteOffset: 0, totalBytes: 0, code: "", message: "",
          bytes: Array(EventText.ndjson(event).utf8))
      entry.totalBytes = max(entry.totalBytes, Int64(entry.bytes.count))
      entry.code = "conflict"
      entry.field = "event_id"
      entry.message =
        "the event id \(event.eventID) of this case and source is in the ledger with other fields; "
        + "correct the id, or void the earlier event first"
      entries.append(entry)
    }
    guard !entries.isEmpty else { return 0 }
    _ = try session.execute(
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
        .textArray(entries.map(\.origin)), .textArray(entries.map(\.code)), .textArray(entries.map(\.field)),
        .textArray(entries.map(\.message)), .byteaArray(entries.map(\.bytes)),
        .byteaArray(entries.map(\.header)),
      ])
    return entries.count
  }

  private static func count(
    _ batch: AppendBatch, _ outcome: AppendOutcome, _ session: inout Session
  ) throws(PostgresError) {
    _ = try session.execute(
      """
      INSERT INTO bizclock.feed AS f
        (name, source, last_event_at, last_received_at, received, duplicates, quarantined)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (name) DO UPDATE SET
        last_event_at = greatest(f.last_event_at, excluded.last_event_at),
        last_received_at = greatest(f.last_received_at, excluded.last_received_at),
        received = f.received + excluded.received,
        duplicates = f.duplicates + excluded.duplicates,
        quarantined = f.quarantined + excluded.quarantined
      """,
      [
        .text(batch.feed), .text(batch.source), .timestamptz(batch.events.map(\.occurredAt).max()?.microseconds),
        .timestamptz(batch.receivedAt.microseconds), .int8(Int64(outcome.new)), .int8(Int64(outcome.duplicate)),
        .int8(Int64(outcome.quarantined)),
      ])
  }
}

/// Hashes of the keys appended lately, bounded: two generations. A hit is only a suspicion.
struct RecentKeys: Sendable {
  private var young: Set<Int> = []
  private var old: Set<Int> = []
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  func contains(_ key: LedgerKey) -> Bool {
    let hash = key.hashValue
    return young.contains(hash) || old.contains(hash)
  }

  mutating func insert(_ key: LedgerKey) {
    if young.count >= capacity {
      old = young
      young = []
      young.reserveCapacity(capacity)
    }
    young.insert(key.hashValue)
  }
}
