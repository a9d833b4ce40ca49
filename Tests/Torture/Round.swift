import Foundation
import Synchronization
import TestSupport

/// One round: a load, blows at random instants, then quiet, and everything compared.
struct Round: Sendable {
  /// What a round was like.
  struct Summary: Sendable {
    var events = 0
    var alerts = 0
    var done: [Disturbance] = []
    var log: [String] = []
    var time = Duration.zero
    /// The position up to which events were compared.
    var position: Int64 = 0
    /// An instant up to which every level has been raised and logged, in microseconds.
    var settled: Int64 = 0
  }

  let number: Int
  let seed: UInt64
  let office: Office
  let server: Server
  let disk: Disk
  let hasDisk: Bool
  let daemons: [DaemonKeeper]
  let truth: Truth
  let book: LogBook
  let commands: Commands
  let watcher: Watcher
  let findings: Findings
  /// Whether the program takes over its configuration by SIGHUP.
  let reloads: Bool

  /// How long load and blows go on.
  private static let span = Duration.milliseconds(3_600)

  /// Runs it; `position` is that up to which events were compared before.
  func run(after position: Int64) async throws -> Summary {
    let begun = ContinuousClock.now
    var random = SeededGenerator(seed: (seed &+ 77) ^ (UInt64(number) &* 0xd134_2543_de82_ef95))
    disk.leaveRoom()
    let before = truth.eventCount
    let alertsBefore = book.alerts.count
    var maker = LoadMaker(seed: seed, round: number, office: office)
    let parcels = maker.parcels(within: Round.span, heavy: number % 5 == 2)
    let schedule = Disturbance.schedule(within: Round.span, hasDisk: hasDisk, &random)
    let disturber = Disturber(
      office: office, server: server, disk: disk, daemons: daemons, commands: commands, watcher: watcher,
      truth: truth, book: book, findings: findings)
    let blows = Task { await disturber.run(schedule) }
    await hand(parcels, &maker, begun)
    await blows.value
    try disturber.calm()
    var summary = Summary()
    let settled = try await settle()
    if let settled {
      for daemon in daemons { daemon.measure() }
      try await Audit(
        office: office, server: server, truth: truth, book: book, commands: commands, findings: findings
      ).run(settled: settled.now, eventsAfter: position)
      summary.position = Int64(settled.head) ?? 0
      summary.settled = settled.now
    }
    summary.events = truth.eventCount - before
    summary.alerts = book.alerts.count - alertsBefore
    summary.done = disturber.done
    summary.log = disturber.log
    summary.time = ContinuousClock.now - begun
    return summary
  }

  /// Hands the parcels over at their times; returns when what was loaded by command was acknowledged too.
  private func hand(
    _ parcels: [LoadMaker.Parcel], _ maker: inout LoadMaker, _ begun: ContinuousClock.Instant
  ) async {
    await withTaskGroup(of: Void.self) { loads in
      for parcel in parcels {
        try? await Task.sleep(until: begun + parcel.at, clock: .continuous)
        let contents = parcel.contents ?? maker.live()
        do {
          switch parcel.way {
          case .spool(let spool): try put(contents, parcel.name, into: "\(office.path)/spool/\(spool.rawValue)")
          case .ingest(let isHistory):
            let path = "\(office.path)/ingest/\(parcel.name)"
            truth.tell(contents, origin: path, directory: nil)
            try Data(contents.bytes).write(to: URL(filePath: path))
            loads.addTask { await load(path, isHistory) }
          }
        } catch { findings.add("\(parcel.name) cannot be handed over: \(error)") }
      }
    }
  }

  /// Puts a file into a spool directory as the README says.
  private func put(_ contents: Contents, _ name: String, into directory: String) throws {
    try Data(contents.bytes).write(to: URL(filePath: "\(directory)/\(name).part"))
    truth.tell(contents, origin: name, directory: directory)
    guard rename("\(directory)/\(name).part", "\(directory)/\(name)") == 0 else {
      throw Child.Failure(description: String(cString: strerror(errno)))
    }
  }

  /// Loads a file by command until it is acknowledged.
  private func load(_ path: String, _ isHistory: Bool) async {
    for _ in 0..<200 {
      let arguments = ["ingest", path, "--config", office.one] + (isHistory ? ["--retrospective"] : [])
      let result = await commands.run(arguments)
      if result.status == 0 || result.status == 65 { return }
      if ![69, 128 + SIGKILL].contains(result.status) {
        findings.add("ingest ended with status \(result.status):\n    \(result.output.suffix(2_000))")
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
    findings.add("\(path) was not acknowledged in 200 attempts")
  }

  /// Waits until everything is taken in, projected, raised and logged; nil, and a finding, if nothing moves for a
  /// minute.
  private func settle() async throws -> Audit.Progress? {
    let audit = Audit(
      office: office, server: server, truth: truth, book: book, commands: commands, findings: findings)
    var last = Audit.Progress()
    var moved = ContinuousClock.now
    var told = ContinuousClock.now
    var isRestarted = false
    while true {
      let progress = await audit.progress()
      if progress.isDone { return progress }
      let now = ContinuousClock.now
      if progress != last { moved = now }
      last = progress
      if !isRestarted, now - moved > .seconds(2) {
        isRestarted = true
        if reloads {
          daemons.first?.reloadUnheard()
        } else {
          // It was started with a configuration that lacks a feed.
          daemons.first?.signal(SIGTERM)
        }
      }
      if now - told > .seconds(10) {
        told = now
        Screen.line("round \(number): waiting: \(progress)")
      }
      if now - moved > .seconds(60) {
        findings.add("nothing has moved for a minute: \(progress)")
        return nil
      }
      try await Task.sleep(for: .milliseconds(40))
    }
  }
}
