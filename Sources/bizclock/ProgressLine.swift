import Daemon
import Glibc
import Ledger
import Synchronization

/// How far long work is: on one line of a terminal, ten times a second at most; in a log, where there is any, a line
/// every half minute.
final class ProgressLine: Sendable {
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let last = Mutex<(loaded: AppendOutcome, projected: Int64)>((AppendOutcome(), 0))
  private let shown = Mutex(ContinuousClock.now)

  /// A load's progress; on a terminal alone.
  func show(_ progress: Loading.Progress) {
    guard isTerminal else { return }
    let (loaded, projected) = last.withLock { last in
      switch progress {
      case .loaded(let outcome): last.loaded = outcome
      case .projected(let position): last.projected = position
      }
      return last
    }
    write("\(loaded.read) read, \(loaded.new) new; projected to \(projected) of \(loaded.position)")
  }

  /// So many of about so many, if it is time to say so.
  func show(_ done: Int, of all: Int64, _ what: String) {
    let isDue = shown.withLock { shown in
      guard ContinuousClock.now - shown >= (isTerminal ? .milliseconds(100) : .seconds(30)) else { return false }
      shown = .now
      return true
    }
    guard isDue else { return }
    let text = "\(done) of \(all) \(what)"
    if isTerminal { write(text) } else { Terminal.note(text) }
  }

  func end() {
    guard isTerminal else { return }
    write("")
  }

  private func write(_ text: String) { Terminal.write("\r\u{1b}[K\(text)", to: STDERR_FILENO) }
}
