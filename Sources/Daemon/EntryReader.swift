import Feeds
import Ledger
import ServiceTime

/// Reads the bytes of quarantine entries again, by the settings that a feed has now.
public struct EntryReader: Sendable {
  /// What an entry says now.
  public enum Reading: Sendable, Equatable {
    /// These events; none where it says nothing, as a file's header does.
    case events([Event])
    /// It is this row of an exchange table of that name.
    case row(ExchangePage.Row, table: String)
    /// It is refused again.
    case refused(Reject)
    /// It cannot be read again; why, and what to do.
    case unreadable(String)
  }

  private let feed: FeedDescription
  private let now: Instant
  private let calendar: WorkCalendar?

  /// A reader; `now` is what times in the future are told by, `calendar` what counts the days of extensions that an
  /// exchange tells without them.
  public init(_ feed: FeedDescription, now: Instant, calendar: WorkCalendar? = nil) {
    self.feed = feed
    self.now = now
    self.calendar = calendar
  }

  /// Reads one entry; each on its own, for an open quote must not swallow the next.
  public func read(_ entry: QuarantineEntry) -> Reading {
    guard entry.totalBytes <= Int64(entry.bytes.count) else {
      return .unreadable(
        "only the first \(entry.bytes.count) of its \(entry.totalBytes) bytes were kept: split the line at its source "
          + "and hand the file over again")
    }
    var feed = feed
    var bytes = entry.bytes
    if entry.origin == Parcel.cloudEventsOrigin {
      var reader = BodyReader(feed: feed)
      let batch = reader.read(bytes, .cloudEvents([bytes.indices]), now: now)
      return batch.rejects.first.map { .refused(placed($0, in: entry)) } ?? .events(batch.events)
    }
    if let exchange = feed.exchange, entry.line > 0 {
      guard let row = ExchangeRow(json: bytes) else {
        return .unreadable(
          "it is no row of an exchange table: discard it, the nightly comparison reads the row again")
      }
      var decoder = ExchangeDecoder(feed: feed, exchange: exchange, calendar: calendar)
      let reading = decoder.read(row, now: now)
      if let reject = reading.reject { return .refused(reject) }
      return .row(ExchangePage.Row(row, reading), table: row.table.rawValue)
    }
    if entry.line == 0 {
      // What the ledger wrote itself, for an input whose bytes were not kept.
      feed = FeedDescription(
        name: feed.name, source: feed.source, format: .ndjson, keep: feed.keep, knownProcesses: feed.knownProcesses)
    } else if feed.format == .csv {
      if let header = entry.header {
        bytes = RejectedBytes.file(header: header, row: bytes)
      } else if entry.byteOffset > 3 {
        return .unreadable("it came without a header row, which its format needs: hand the file over again")
      }
    }
    var events: [Event] = []
    let reader = BatchReader(feed: feed, bytes: bytes)
    // Memory does not fail to be read.
    while let batch = try? reader.next(now: now) {
      if let reject = batch.rejects.first { return .refused(placed(reject, in: entry)) }
      events += batch.events
    }
    return .events(events)
  }

  /// The reject with its place in the entry alone, without the header before it.
  private func placed(_ reject: Reject, in entry: QuarantineEntry) -> Reject {
    var reject = reject
    reject.position.line = Int(entry.line)
    reject.position.byteOffset = Int(entry.byteOffset)
    return reject
  }
}

extension Retry.Reading {
  /// A reading as the ledger takes it.
  init(_ reading: EntryReader.Reading) {
    switch reading {
    case .events(let events): self = .events(events)
    case .row(let row, let table): self = .row(row, table: table)
    case .unreadable(let why): self = .unreadable(why)
    case .refused(let reject):
      self = .refused(
        Retry.Refusal(code: reject.code.rawValue, field: reject.position.field, message: reject.message))
    }
  }
}
