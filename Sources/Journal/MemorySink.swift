import Synchronization

/// Keeps records in memory, and refuses them when told to; for tests.
public final class MemorySink: LogSink {
  private struct State {
    var records: [LogRecord] = []
    var dropped = 0
    var room: Int?
    var listeners: [AsyncStream<LogRecord>.Continuation] = []
  }

  private let state = Mutex(State())

  /// An empty sink that takes everything.
  public init() {}

  /// The records written so far.
  public var records: [LogRecord] { state.withLock { $0.records } }

  /// The records written so far, and those to come.
  public func stream() -> AsyncStream<LogRecord> {
    AsyncStream { listener in
      state.withLock { state in
        for record in state.records { listener.yield(record) }
        state.listeners.append(listener)
      }
    }
  }

  /// How many times a record was refused.
  public var dropped: Int { state.withLock { $0.dropped } }

  /// Takes that many more records and refuses the rest; nil takes everything again.
  public func accept(_ count: Int?) { state.withLock { $0.room = count } }

  /// Takes the records out of the sink.
  public func drain() -> [LogRecord] {
    state.withLock { state in
      defer { state.records = [] }
      return state.records
    }
  }

  /// Keeps a record; false if it was refused.
  @discardableResult
  public func write(_ record: LogRecord) -> Bool { write(contentsOf: [record]) == 1 }

  /// Keeps records until one is refused.
  @discardableResult
  public func write(contentsOf records: [LogRecord]) -> Int {
    state.withLock { state in
      let taken = min(records.count, max(0, state.room ?? records.count))
      state.records.append(contentsOf: records.prefix(taken))
      for listener in state.listeners { for record in records.prefix(taken) { listener.yield(record) } }
      state.dropped += records.count - taken
      if let room = state.room { state.room = max(0, room - taken) }
      return taken
    }
  }
}
