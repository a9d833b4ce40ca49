import Journal
import Ledger
import ServiceTime

/// Decides when the log says that a feed's quarantine grows: at the first line, then when what is open has doubled or an
/// hour has passed since; so that a broken sender makes a few lines and not one a file.
struct QuarantineGrowth: Sendable {
  /// How long it is silent at most, in microseconds.
  static let silence: Int64 = 3_600_000_000

  /// What was said last.
  private var said: (open: Int64, at: Instant)?
  /// Lines that went to quarantine since.
  private var added: Int64 = 0
  /// The file of the last of them.
  private var origin = ""

  /// Notes what went to quarantine.
  mutating func add(_ lines: Int, of origin: String) {
    guard lines > 0 else { return }
    added += Int64(lines)
    self.origin = origin
  }

  /// Whether it may be time to say so: then what is open is to be counted. At most what was added is new, so that a
  /// long quarantine is seldom counted.
  func isDue(at now: Instant) -> Bool {
    guard added > 0 else { return false }
    guard let said else { return true }
    return added >= said.open || now - said.at >= QuarantineGrowth.silence
  }

  /// The line to write, given what is open by code; nil if it is not time yet, or all has been dealt with.
  mutating func record(_ feed: String, _ counts: [Quarantine.Count], at now: Instant) -> LogRecord? {
    let open = counts.reduce(0) { $0 + $1.entries }
    guard open > 0 else {
      said = nil
      added = 0
      return nil
    }
    if let said, open < said.open * 2, now - said.at < QuarantineGrowth.silence {
      // Lines that were there already, of a file read again, or others have been dealt with.
      added = max(0, min(added, open - said.open))
      return nil
    }
    let codes = counts.map { "\($0.code) \($0.entries)" }.joined(separator: ", ")
    let lines = open == 1 ? "1 line waits" : "\(open) lines wait"
    var record = LogRecord(
      time: now.microseconds, priority: .warning, event: .quarantineGrowing,
      message: "Feed \(feed): \(lines) in quarantine (\(codes)); see: bizclock quarantine list --feed \(feed).")
    record.set("feed", .text(feed))
    record.set("open", .integer(open))
    record.set("codes", .text(codes))
    record.set("quarantined", .integer(added))
    record.set("file", .text(origin))
    said = (open, now)
    added = 0
    return record
  }
}
