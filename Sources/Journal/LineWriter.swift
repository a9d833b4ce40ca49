import Synchronization

/// Renders records into one reused buffer and writes them, whole lines at a time, under a lock.
final class LineWriter<Format: LineFormat>: Sendable {
  private struct State {
    var buffer: [UInt8] = []
    /// Where each whole line in the buffer ends.
    var ends: [Int] = []
    /// The output ends within a line that could not be finished.
    var isMidLine = false
    /// The reader has used up the patience and has taken nothing since.
    var isStalled = false
  }

  private static var newline: UInt8 { UInt8(ascii: "\n") }
  /// A buffer that one huge line has made larger than this is given back.
  private static var keptCapacity: Int { 262_144 }

  private let format: Format
  private let output: LineOutput
  private let state = Mutex(State())
  private let refused = Atomic<Int>(0)

  /// A writer to a descriptor that stays the caller's; `patience` and `reopens` as in `LineOutput`.
  init(format: Format, descriptor: Int32, patience: Int, reopens: Bool = true) {
    self.format = format
    self.output = LineOutput(descriptor: descriptor, patience: patience, reopens: reopens)
  }

  /// How many records were refused.
  var dropped: Int { refused.load(ordering: .relaxed) }

  /// Writes records in order and returns how many of them, counted from the first, were written whole.
  func write(_ records: some Collection<LogRecord>) -> Int {
    let written = state.withLock { write(records, &$0) }
    let missing = records.count - written
    if missing > 0 { refused.add(missing, ordering: .relaxed) }
    return written
  }

  private func write(_ records: some Collection<LogRecord>, _ state: inout State) -> Int {
    if state.buffer.capacity > LineWriter.keptCapacity { state.buffer = [] }
    state.buffer.removeAll(keepingCapacity: true)
    state.ends.removeAll(keepingCapacity: true)
    // Leave the torn line behind, so that it spoils only itself.
    if state.isMidLine { state.buffer.append(LineWriter.newline) }

    var written = 0
    for record in records {
      let start = state.buffer.count
      format.append(record, to: &state.buffer)
      state.buffer.append(LineWriter.newline)
      if state.buffer.count > output.batchLimit, !state.ends.isEmpty {
        let expected = state.ends.count
        let lines = flush(start, &state)
        written += lines
        if lines < expected { return written }
        state.buffer.removeSubrange(..<start)
        state.ends.removeAll(keepingCapacity: true)
      }
      state.ends.append(state.buffer.count)
    }
    return written + flush(state.buffer.count, &state)
  }

  /// Writes the first bytes of the buffer and returns how many whole lines went out.
  private func flush(_ count: Int, _ state: inout State) -> Int {
    var isStalled = state.isStalled
    let taken = state.buffer.withUnsafeBytes { bytes in
      output.put(UnsafeRawBufferPointer(rebasing: bytes[..<count]), isStalled: &isStalled)
    }
    state.isStalled = isStalled
    if taken > 0 { state.isMidLine = state.buffer[taken - 1] != LineWriter.newline }
    return taken == count ? state.ends.count : state.ends.count { $0 <= taken }
  }
}
