import Foundation
import Synchronization
import TestSupport

/// Keeps one daemon running as a service manager would: whatever ends it, it is started again after a moment.
final class DaemonKeeper: Sendable {
  private struct State {
    var pid: pid_t = 0
    var isWanted = false
    var isOver = true
    /// Signals that end a process and that this one was sent.
    var sent: Set<Int32> = []
    var isLogStuck = false
    /// Whether this process has said that it serves; before that, SIGHUP may end it as it ends any program.
    var isReady = false
    /// Whether it is to read its configuration again once it serves.
    var isReloadDue = false
    var starts = 0
    /// The most memory and descriptors that it was seen with.
    var peakKilobytes = 0
    var peakDescriptors = 0
    var delays: SeededGenerator
  }

  let name: String
  let configuration: String
  private let program: String
  private let pidFile: String
  private let book: LogBook
  private let findings: Findings
  private let state: Mutex<State>

  /// A keeper of `program --config configuration run`; nothing runs yet.
  init(
    name: String, configuration: String, program: String, pidFile: String, book: LogBook, findings: Findings,
    seed: UInt64
  ) {
    self.name = name
    self.configuration = configuration
    self.program = program
    self.pidFile = pidFile
    self.book = book
    self.findings = findings
    state = Mutex(State(delays: SeededGenerator(seed: seed)))
  }

  /// Its process; 0 while there is none.
  var pid: pid_t { state.withLock { $0.pid } }
  /// How often it was started.
  var starts: Int { state.withLock { $0.starts } }
  /// The most memory, in kilobytes, and descriptors that were seen of any of its processes.
  var peak: (kilobytes: Int, descriptors: Int) { state.withLock { ($0.peakKilobytes, $0.peakDescriptors) } }

  /// Starts it and keeps it running until `stop`.
  func start() {
    state.withLock {
      $0.isWanted = true
      $0.isOver = false
    }
    AsideThread { [self] in keep() }.start()
  }

  /// Sends a signal to the process, if there is one; says whether there was.
  @discardableResult
  func signal(_ number: Int32) -> Bool {
    state.withLock { state in
      guard state.pid > 0 else { return false }
      if number == SIGKILL || number == SIGTERM { state.sent.insert(number) }
      return kill(state.pid, number) == 0
    }
  }

  /// Has it read its configuration again, as soon as it serves.
  func reload() {
    state.withLock { state in
      state.isReloadDue = true
      if state.isReady, state.pid > 0 { kill(state.pid, SIGHUP) }
    }
  }

  /// Has it read its configuration again if it was never heard that it serves: a log that is full loses such a line.
  func reloadUnheard() {
    state.withLock { state in
      if !state.isReady, state.pid > 0 { kill(state.pid, SIGHUP) }
    }
  }

  /// Leaves its log unread, or reads on.
  func stickLog(_ isStuck: Bool) { state.withLock { $0.isLogStuck = isStuck } }

  /// Ends it by SIGTERM; false if it is not over within a minute.
  func stop() async -> Bool {
    state.withLock { $0.isWanted = false }
    signal(SIGTERM)
    let deadline = ContinuousClock.now + .seconds(60)
    while !state.withLock({ $0.isOver }) {
      guard ContinuousClock.now < deadline else { return false }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return true
  }

  /// Ends it at once, for good.
  func abandon() {
    state.withLock {
      $0.isWanted = false
      $0.isLogStuck = false
    }
    signal(SIGKILL)
  }

  /// Looks at its memory and descriptors.
  func measure() {
    let pid = pid
    guard pid > 0, let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
    else { return }
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd"))?.count ?? 0
    state.withLock {
      $0.peakKilobytes = max($0.peakKilobytes, kilobytes)
      $0.peakDescriptors = max($0.peakDescriptors, descriptors)
    }
    if kilobytes > 400_000 { findings.add("daemon \(name) has \(kilobytes / 1_000) MB") }
    if descriptors > 80 { findings.add("daemon \(name) has \(descriptors) descriptors open") }
  }

  private func keep() {
    while state.withLock({ $0.isWanted }) {
      do {
        let (pid, log) = try Child.startPiped([program, "run", "--config", configuration])
        state.withLock {
          $0.pid = pid
          $0.sent = []
          $0.isReady = false
          $0.isReloadDue = false
          $0.starts += 1
          // Asked to stop while it was being started.
          if !$0.isWanted {
            $0.sent.insert(SIGTERM)
            kill(pid, SIGTERM)
          }
        }
        try? "\(pid)".write(toFile: pidFile, atomically: false, encoding: .utf8)
        book.read(log, of: name) {
          state.withLock { $0.isLogStuck }
        } onReady: {
          state.withLock {
            $0.isReady = true
            if $0.isReloadDue { kill(pid, SIGHUP) }
          }
        }
        let status = Child.wait(pid)
        unlink(pidFile)
        judge(status, pid)
      } catch {
        findings.add("\(error)")
      }
      guard state.withLock({ $0.isWanted }) else { break }
      usleep(state.withLock { UInt32.random(in: 20_000...600_000, using: &$0.delays) })
    }
    state.withLock { $0.isOver = true }
  }

  private func judge(_ status: Int32, _ pid: pid_t) {
    let sent = state.withLock { state in
      state.pid = 0
      return state.sent
    }
    if sent.contains(SIGKILL), status == 128 + SIGKILL { return }
    // Ended while it was starting up, or in good order.
    if sent.contains(SIGTERM), status == 0 || status == 128 + SIGTERM { return }
    findings.add(
      "daemon \(name) (pid \(pid)) ended by itself with status \(status); it was sent \(sent.sorted()); its last lines:\n"
        + book.lastLines(of: name).suffix(12).map { "    " + $0 }.joined(separator: "\n"))
  }
}
