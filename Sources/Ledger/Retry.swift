import LibPQ
import ServiceTime

/// Entries of the quarantine read again: what they give, and what becomes of them.
public enum Retry {
  /// Why an entry is refused.
  public struct Refusal: Sendable, Equatable {
    /// The reject code.
    public var code: String
    /// The field at fault, if one is.
    public var field: String?
    /// What is wrong and what to do.
    public var message: String

    /// A refusal.
    public init(code: String, field: String? = nil, message: String) {
      self.code = code
      self.field = field
      self.message = message
    }
  }

  /// What the bytes of an entry say, read again.
  public enum Reading: Sendable {
    /// These events; none where they say nothing, as the header of a file does.
    case events([Event])
    /// This row of an exchange table of that name.
    case row(ExchangePage.Row, table: String)
    /// Refused once more, perhaps for another reason.
    case refused(Refusal)
    /// They cannot be read again; why.
    case unreadable(String)
  }

  /// An entry that stays open.
  public struct Stay: Sendable, Equatable {
    /// Its number.
    public var id: Int64
    /// Why; nil if it could not be read again at all.
    public var code: String?
    /// Why, in a sentence.
    public var message: String
  }

  /// What became of a page of entries.
  public struct Step: Sendable {
    /// New and known events; `quarantined` counts the entries that stay.
    public var outcome = AppendOutcome()
    /// Entries that are open no more.
    public var settled = 0
    /// Entries that stay open.
    public var stays: [Stay] = []
    /// The last entry of the page.
    public var last: Int64 = 0
  }

  /// Who reads which entries again, and by what settings.
  public struct Order: Sendable {
    /// The entries; all of one feed.
    public var selection: Quarantine.Selection
    /// The feed that the events are counted for, and its source.
    public var feed: (name: String, source: String)
    /// Who asked.
    public var by: String
    /// Whether all of it is history.
    public var history: Bool
    /// Whether a refusal by these settings becomes the entry's fault; not by those of another feed.
    public var notesRefusals: Bool

    /// An order.
    public init(
      selection: Quarantine.Selection, feed: (name: String, source: String), by: String, history: Bool = false,
      notesRefusals: Bool = true
    ) {
      self.notesRefusals = notesRefusals
      self.selection = selection
      self.feed = feed
      self.by = by
      self.history = history
    }
  }
}

extension Appender {
  /// Reads the next open entries past a number again, appends the events that they give and marks the entries, in one
  /// transaction; nil if there are no more.
  ///
  /// An entry is marked as taken in only if all of its events are in the ledger then, saying the same; what is refused
  /// stays, with the reason of now. Doing it again does no harm.
  public mutating func retry(
    _ order: Retry.Order, after: Int64, through: Int64, now: Instant, on session: inout Session,
    reading: (QuarantineEntry) -> Retry.Reading
  ) throws(PostgresError) -> Retry.Step? {
    do {
      try session.begin()
      let ids = try Quarantine.page(order.selection, after: after, through: through, &session)
      guard let last = ids.last else {
        session.rollbackQuietly()
        return nil
      }
      // As a feed that closes entries does: its position first.
      try ExchangeRegister.lock(source: order.feed.source, &session)
      // Others may have dealt with some of them meanwhile, or with all.
      let page = try Quarantine.lock(ids, &session)
      let rows = try RetriedRows(page.map { ($0.id, reading($0.entry)) }, order, at: now, &session)
      var sorting = RetrySorting(rows.readings)
      let batch = AppendBatch(
        feed: order.feed.name, source: order.feed.source, events: sorting.events, history: order.history,
        receivedAt: now)
      var taking = Taking(batch)
      try take(&taking, batch, &session)
      sorting.refuse(taking.census.conflicts)
      try Quarantine.settle(retried: sorting.settled, by: order.by, at: now, &session)
      try rows.note(settled: sorting.settled, &session)
      if order.notesRefusals { try Quarantine.note(sorting.refusals, &session) }
      taking.outcome.quarantined = sorting.stays.count
      // The feed brought none of it now, and what is in quarantine was counted when it came.
      try Appender.count(batch, &taking.outcome, freshlyQuarantined: 0, receivedAt: nil, &session)
      try Appender.commit(&session)
      remember(taking)
      return Retry.Step(
        outcome: taking.outcome, settled: sorting.settled.count, stays: sorting.stays, last: last)
    } catch {
      abandon(&session)
      throw error
    }
  }
}

/// Which entries of a page give events, and which stay.
struct RetrySorting {
  private let readings: [(id: Int64, reading: Retry.Reading)]
  /// The events of all entries.
  private(set) var events: [Event] = []
  /// The entry of each event, by its place in the page.
  private var owners: [Int] = []
  /// Entries whose events are in the ledger with other fields, with the first of these.
  private var conflicts: [Int: Event] = [:]

  init(_ readings: [(id: Int64, reading: Retry.Reading)]) {
    self.readings = readings
    for (place, entry) in readings.enumerated() {
      guard case .events(let given) = entry.reading else { continue }
      events += given
      owners += Array(repeating: place, count: given.count)
    }
  }

  /// Notes events, by their index, that contradict the ledger.
  mutating func refuse(_ indexes: [Int]) {
    for index in indexes where conflicts[owners[index]] == nil { conflicts[owners[index]] = events[index] }
  }

  /// Entries all of whose events are in the ledger.
  var settled: [Int64] {
    readings.enumerated().compactMap { place, entry in
      if case .events = entry.reading, conflicts[place] == nil { entry.id } else { nil }
    }
  }

  /// Entries that are refused, and why.
  var refusals: [(id: Int64, refusal: Retry.Refusal)] {
    readings.enumerated().compactMap { place, entry in
      if let event = conflicts[place] {
        return (
          entry.id,
          Retry.Refusal(code: "conflict", field: "event_id", message: Appender.conflictMessage(event))
        )
      }
      if case .refused(let refusal) = entry.reading { return (entry.id, refusal) }
      return nil
    }
  }

  /// Entries that stay open.
  var stays: [Retry.Stay] {
    let unreadable = readings.compactMap { entry -> Retry.Stay? in
      if case .unreadable(let why) = entry.reading {
        Retry.Stay(id: entry.id, code: nil, message: why)
      } else {
        nil
      }
    }
    return (refusals.map { Retry.Stay(id: $0.id, code: $0.refusal.code, message: $0.refusal.message) } + unreadable)
      .sorted { $0.id < $1.id }
  }
}
