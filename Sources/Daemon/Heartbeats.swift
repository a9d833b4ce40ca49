import Journal
import Synchronization

/// Tells which of the daemon's loops hang: each says when it will be round again at the latest.
///
/// Who waits for the database says so instead: its calls have time-outs of their own, and a database that is away is no
/// reason to start the daemon anew. Only what no call to a database takes counts as hanging there too.
public final class Heartbeats: Sendable {
  /// How long a turn with the database may take: many calls, each bounded by a minute or so.
  let longest: Duration
  /// How long a loop may take from one beat to the next.
  public let limit: Duration

  private struct Loop {
    var name: String
    /// When it is overdue; nil before its first beat.
    var due: ContinuousClock.Instant?
  }

  private struct State {
    var loops: [Int: Loop] = [:]
    var count = 0
  }

  private let state = Mutex(State())

  /// No loop yet; one that works without a beat for longer than `limit` is overdue.
  public init(limit: Duration = .seconds(15), longest: Duration = .seconds(1_800)) {
    self.limit = limit
    self.longest = longest
  }

  /// A loop's part; `name` is what the log calls it.
  public func loop(_ name: String) -> Heartbeat {
    let number = state.withLock { state -> Int in
      state.count += 1
      state.loops[state.count] = Loop(name: name)
      return state.count
    }
    return Heartbeat(number: number, beats: self)
  }

  /// The names of the loops that should have been round again, in alphabetical order; empty while all is well.
  public var overdue: [String] {
    let now = ContinuousClock.now
    let names = state.withLock { state in
      Set(state.loops.values.lazy.filter { $0.due.map { $0 < now } ?? false }.map(\.name))
    }
    return names.sorted()
  }

  /// Gives every loop that much longer: the whole process stood still.
  func pardon(_ time: Duration) {
    state.withLock { state in
      for number in state.loops.keys { state.loops[number]?.due?.advance(by: time) }
    }
  }

  fileprivate func set(_ number: Int, due: ContinuousClock.Instant?) {
    state.withLock { $0.loops[number]?.due = due }
  }

  fileprivate func end(_ number: Int) { state.withLock { $0.loops[number] = nil } }
}

/// One loop's part of the heartbeats.
public struct Heartbeat: Sendable {
  fileprivate let number: Int
  fileprivate let beats: Heartbeats

  /// The loop goes round: it works, or waits for at most that long and works then.
  public func beat(within wait: Duration = .zero) {
    beats.set(number, due: ContinuousClock.now + wait + beats.limit)
  }

  /// The loop works with the database, whose calls end by themselves long before that.
  public func away() { beats.set(number, due: .now + beats.longest) }

  /// The loop has ended.
  public func end() { beats.end(number) }
}

extension ContinuousClock.Instant {
  fileprivate mutating func advance(by time: Duration) { self += time }
}

/// A log whose writes are counted among the loops: one that takes no line and lets nobody go on would stop them all.
struct WatchedSink: LogSink {
  let sink: any LogSink
  let beats: Heartbeats

  var dropped: Int { sink.dropped }

  @discardableResult
  func write(_ record: LogRecord) -> Bool { watched { sink.write(record) } }

  @discardableResult
  func write(contentsOf records: [LogRecord]) -> Int { watched { sink.write(contentsOf: records) } }

  private func watched<R>(_ write: () -> R) -> R {
    let heart = beats.loop("log")
    heart.beat()
    defer { heart.end() }
    return write()
  }
}
