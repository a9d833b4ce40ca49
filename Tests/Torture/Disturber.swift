import Foundation
import Synchronization

/// Deals the blows of a round, and takes back what lasts.
final class Disturber: Sendable {
  private struct State {
    var log: [String] = []
    var done: [Disturbance] = []
    var frozen: Set<pid_t> = []
  }

  private let office: Office
  private let server: Server
  private let disk: Disk
  private let daemons: [DaemonKeeper]
  private let commands: Commands
  private let watcher: Watcher
  private let truth: Truth
  private let book: LogBook
  private let findings: Findings
  private let state = Mutex(State())
  private let begun = ContinuousClock.now

  /// A disturber of one round, which begins now.
  init(
    office: Office, server: Server, disk: Disk, daemons: [DaemonKeeper], commands: Commands, watcher: Watcher,
    truth: Truth, book: LogBook, findings: Findings
  ) {
    self.office = office
    self.server = server
    self.disk = disk
    self.daemons = daemons
    self.commands = commands
    self.watcher = watcher
    self.truth = truth
    self.book = book
    self.findings = findings
  }

  /// What was done, with times since the beginning.
  var log: [String] { state.withLock { $0.log } }
  /// What was done, without what found no victim.
  var done: [Disturbance] { state.withLock { $0.done } }

  /// Deals all blows; returns when each is over.
  func run(_ schedule: [Disturbance.Blow]) async {
    await withTaskGroup(of: Void.self) { group in
      for blow in schedule {
        group.addTask { [self] in
          try? await Task.sleep(until: begun + blow.at, clock: .continuous)
          await deal(blow)
        }
      }
    }
  }

  /// Takes back whatever may still last.
  func calm() throws {
    for pid in state.withLock({ $0.frozen }) { kill(pid, SIGCONT) }
    disk.relieve()
    server.bringUp()
    for daemon in daemons { daemon.stickLog(false) }
    try office.configure(0)
    for daemon in daemons { daemon.reload() }
  }

  private func deal(_ blow: Disturbance.Blow) async {
    let spell = blow.spell ?? .zero
    switch blow.what {
    case .killLeader, .killStandby:
      guard let victim = daemon(leads: blow.what == .killLeader) else { return note(blow, nil) }
      await moment(of: blow)
      note(blow, victim.signal(SIGKILL) ? victim.name : nil)
    case .restart: note(blow, pick(daemons, blow).map { $0.signal(SIGTERM) ? $0.name : nil } ?? nil)
    case .freezeLeader, .freezeStandby:
      guard let victim = daemon(leads: blow.what == .freezeLeader) else { return note(blow, nil) }
      note(blow, victim.name)
      await freeze(victim.pid, for: spell)
    case .killDatabase, .stopDatabase:
      await moment(of: blow)
      // The sessions may outlive the postmaster for a while.
      let isAlone = blow.what == .killDatabase && blow.dice >> 40 & 3 == 0
      note(blow, isAlone ? "(the postmaster alone)" : "")
      let server = server
      if blow.what == .killDatabase {
        await Child.aside { server.kill(isAlone: isAlone) }
      } else {
        await server.stopImmediately()
      }
      try? await Task.sleep(for: spell)
      server.bringUp()
    case .endSession, .cancelStatement, .freezeBackend:
      guard let pid = pick(await server.sessions(), blow) else { return note(blow, nil) }
      note(blow, "\(pid)")
      if blow.what == .freezeBackend { return await freeze(pid, for: spell) }
      let function = blow.what == .endSession ? "pg_terminate_backend" : "pg_cancel_backend"
      _ = try? await server.ask("SELECT \(function)(\(pid))::text")
    case .lockTable:
      let tables = ["event", "ledger_head", "feed", "projector", "clock", "alert", "log_outbox", "quarantine"]
      let table = tables[Int(blow.dice % UInt64(tables.count))]
      note(blow, table)
      await server.lock("bizclock.\(table)", for: spell)
    case .reload:
      let variant = Int(blow.dice % UInt64(Office.variants))
      note(blow, "variant \(variant)")
      do { try office.configure(variant) } catch { findings.add("\(error)") }
      daemons.first?.reload()
    case .diskFull:
      note(blow, "")
      let disk = disk
      await Child.aside { disk.fill() }
      try? await Task.sleep(for: spell)
      disk.relieve()
    case .stuckLog:
      guard let victim = pick(daemons, blow) else { return note(blow, nil) }
      note(blow, victim.name)
      victim.stickLog(true)
      try? await Task.sleep(for: spell)
      victim.stickLog(false)
    case .killIngest: note(blow, commands.killIngest() ? "" : nil)
    case .applyPolicy, .closure, .rebuild, .retryQuarantine, .verify:
      note(blow, "")
      await command(blow)
    }
  }

  private func command(_ blow: Disturbance.Blow) async {
    // Under crashes a command may fail for want of a database, and where other rules came into force meanwhile;
    // never otherwise. `retry` finds bad lines bad again.
    var allowed: Set<Int32> = [0, 69, 75]
    var arguments: [String]
    switch blow.what {
    case .applyPolicy:
      arguments = [
        "policy", "apply", office.policies[commands.turn(.applyPolicy)], "--by", "torture", "--reason", "torture",
        "--restate",
      ]
    case .closure:
      let end = [
        "calendar", "closure", "end", "--calendar", "cn", "--by", "torture", "--reason", "over", "--restate",
      ]
      let begin = [
        "calendar", "closure", "begin", "--calendar", "cn", "--by", "torture", "--reason", "storm", "--restate",
      ]
      arguments = commands.turn(.closure) == 0 ? end : begin + ["--name", "storm \(blow.dice % 997)"]
      // There may be none under way, or one.
      allowed.formUnion([64, 66])
    case .rebuild: arguments = ["rebuild"]
    case .retryQuarantine:
      arguments = ["quarantine", "retry", "--all", "--by", "torture"]
      allowed.insert(65)
    default: arguments = ["verify"]
    }
    let result = await commands.run(arguments + ["--config", office.one])
    state.withLock { $0.log.append("\(time())  \(blow.what.rawValue) ended with status \(result.status)") }
    if !allowed.contains(result.status) {
      findings.add(
        "bizclock \(arguments.joined(separator: " ")) ended with status \(result.status):\n    "
          + result.output.suffix(2_000).replacingOccurrences(of: "\n", with: "\n    "))
    }
  }

  /// Waits for what a blow waits for, half a second at most.
  private func moment(of blow: Disturbance.Blow) async {
    guard blow.moment != .now else { return }
    let (truth, book, office) = (truth, book, office)
    await Child.aside {
      func mark() -> Int {
        switch blow.moment {
        case .now: 0
        case .logLine: book.alertLines
        case .fileHanded: truth.fileCount
        case .fileDone: office.doneStamp
        }
      }
      let before = mark()
      for _ in 0..<2_500 where mark() == before { usleep(200) }
      usleep(blow.lag)
    }
  }

  private func freeze(_ pid: pid_t, for spell: Duration) async {
    guard pid > 0 else { return }
    _ = state.withLock { $0.frozen.insert(pid) }
    kill(pid, SIGSTOP)
    try? await Task.sleep(for: spell)
    kill(pid, SIGCONT)
    _ = state.withLock { $0.frozen.remove(pid) }
  }

  /// The daemon that leads as far as is known, or one that does not.
  private func daemon(leads: Bool) -> DaemonKeeper? {
    let running = daemons.filter { $0.pid > 0 }
    let holder = watcher.holder
    return running.first { holder.hasSuffix(" pid \($0.pid)") == leads }
  }

  private func pick<T>(_ all: [T], _ blow: Disturbance.Blow) -> T? {
    all.isEmpty ? nil : all[Int(blow.dice % UInt64(all.count))]
  }

  private func time() -> String {
    let (seconds, attoseconds) = (ContinuousClock.now - begun).components
    let thousandths = attoseconds / 1_000_000_000_000_000
    return "\(seconds)." + String(String(thousandths + 1_000).dropFirst())
  }

  /// Notes a blow; `victim` is nil where there was none.
  private func note(_ blow: Disturbance.Blow, _ victim: String?) {
    let spell = blow.spell.map { " for \(Int($0 / .milliseconds(1))) ms" } ?? ""
    let line = "\(time())  \(blow.what.rawValue) \(victim ?? "(nobody there)")\(victim == nil ? "" : spell)"
    state.withLock { state in
      state.log.append(line)
      if victim != nil { state.done.append(blow.what) }
    }
  }
}
