import Synchronization

/// Writes to the journal of systemd in its native protocol: one datagram a record, every field under its own name.
///
/// A record has `MESSAGE`, `PRIORITY`, `SYSLOG_IDENTIFIER`, with an event `MESSAGE_ID` and `BIZCLOCK_EVENT`,
/// `BIZCLOCK_TIME` and `BIZCLOCK_` with the key in capital letters for each field.
public final class JournalSink: LogSink {
  private struct State: ~Copyable {
    var socket: JournalSocket
    var buffer: [UInt8] = []
    /// Refusals of which the journal has not been told.
    var unsaid = 0
  }

  /// Where systemd-journald listens.
  public static let standardPath = "/run/systemd/journal/socket"
  /// A buffer that one huge record has made larger than this is given back.
  private static let keptCapacity = 262_144

  private let format: JournalFormat
  private let longest: Duration
  private let state: Mutex<State>
  private let refused = Atomic<Int>(0)

  /// A sink to the socket at a path.
  ///
  /// `patience` is the longest wait, in milliseconds, for a journal that takes nothing; for one that takes a little now
  /// and then, a call lasts no longer than four times that, or a second.
  public init(path: String = standardPath, identifier: String = "bizclock", patience: Int = 250) {
    format = JournalFormat(identifier: identifier)
    longest = .milliseconds(max(1_000, 4 * patience))
    state = Mutex(State(socket: JournalSocket(path: path, patience: patience)))
  }

  /// Whether the journal can be reached now.
  public var isReachable: Bool { state.withLock { $0.socket.connect() == 0 } }

  /// Sends one record; true once the journal has it, or will when it reads on.
  @discardableResult
  public func write(_ record: LogRecord) -> Bool { write(CollectionOfOne(record)) == 1 }

  /// Sends records in order and returns how many of them, counted from the first, were sent.
  @discardableResult
  public func write(contentsOf records: [LogRecord]) -> Int { write(records) }

  /// How many times a record was refused.
  public var dropped: Int { refused.load(ordering: .relaxed) }

  private func write(_ records: some Collection<LogRecord>) -> Int {
    let written = state.withLock { state in
      let begun = ContinuousClock.now
      var written = 0
      for record in records {
        if written > 0, ContinuousClock.now - begun > longest { break }
        guard send(record, &state) else { break }
        written += 1
        guard state.unsaid > 0 else { continue }
        if send(JournalSink.refusals(state.unsaid, time: record.time), &state) { state.unsaid = 0 }
      }
      state.unsaid += records.count - written
      return written
    }
    if written < records.count { refused.add(records.count - written, ordering: .relaxed) }
    return written
  }

  private func send(_ record: LogRecord, _ state: inout State) -> Bool {
    if state.buffer.capacity > JournalSink.keptCapacity { state.buffer = [] }
    state.buffer.removeAll(keepingCapacity: true)
    format.append(record, to: &state.buffer)
    return state.buffer.withUnsafeBytes { bytes in
      if case .taken = state.socket.send(bytes) { true } else { false }
    }
  }

  /// What the journal is told once it takes records again.
  private static func refusals(_ count: Int, time: Int64) -> LogRecord {
    LogRecord(
      time: time, priority: .warning, event: .logRefused,
      message: "The journal took no records for a while: \(count) were refused. Lines of alerts are written again, "
        + "others are lost.",
      fields: ["refused": .integer(Int64(count))])
  }
}
