import ServiceTime

/// What a file holds: its bytes, and what must come of each line.
struct Contents: Sendable {
  var bytes: [UInt8] = []
  /// Events that must be in the ledger.
  var events: [Event] = []
  /// Lines that must be in quarantine, by number.
  var bad: [(line: Int, bad: Truth.Bad)] = []
  private var lines = 0

  /// Nothing yet.
  init() {}

  /// Adds a line that holds an event; the bytes end with the line feed.
  mutating func add(_ event: Event, _ line: [UInt8]) {
    lines += 1
    bytes += line
    events.append(event)
  }

  /// Adds a line that must be refused; the bytes come without the line feed.
  mutating func addBad(_ code: String, _ line: [UInt8]) {
    lines += 1
    bytes += line + [10]
    bad.append((lines, Truth.Bad(code: code, bytes: line)))
  }

  /// Adds a line that is no record.
  mutating func addHeader(_ line: String) {
    lines += 1
    bytes += Array((line + "\n").utf8)
  }
}
