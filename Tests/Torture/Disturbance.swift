import Glibc
import TestSupport

/// What is done to the running service.
enum Disturbance: String, Sendable, CaseIterable {
  case killLeader = "kill leader"
  case killStandby = "kill standby"
  case killDatabase = "kill database"
  case stopDatabase = "stop database"
  case endSession = "end session"
  case cancelStatement = "cancel statement"
  case freezeLeader = "freeze leader"
  case freezeStandby = "freeze standby"
  case freezeBackend = "freeze backend"
  case lockTable = "lock table"
  case reload = "reload"
  case diskFull = "disk full"
  case restart = "restart"
  case applyPolicy = "apply policy"
  case closure = "closure"
  case rebuild = "rebuild"
  case retryQuarantine = "retry quarantine"
  case stuckLog = "stuck log"
  case killIngest = "kill ingest"
  case verify = "verify"

  /// How often it comes among all.
  private var weight: Int {
    switch self {
    case .killLeader, .endSession, .cancelStatement: 6
    case .killStandby, .killDatabase, .freezeLeader, .freezeBackend, .reload, .diskFull, .stuckLog: 4
    case .applyPolicy: 5
    case .stopDatabase, .restart, .killIngest, .lockTable: 3
    case .freezeStandby, .closure, .retryQuarantine: 2
    case .rebuild, .verify: 1
    }
  }

  /// How long it may last, in milliseconds; nil where it is over at once.
  private var spell: ClosedRange<Int>? {
    switch self {
    case .freezeLeader, .freezeStandby: 100...6_000
    case .freezeBackend, .lockTable: 100...3_000
    case .killDatabase, .stopDatabase: 0...800
    case .diskFull: 200...3_000
    case .stuckLog: 300...3_000
    default: nil
    }
  }

  /// What a kill waits for, a moment at most: the instants at which something is half done.
  enum Moment: UInt64, Sendable {
    case now, logLine, fileDone, fileHanded
  }

  /// One of a round's schedule.
  struct Blow: Sendable {
    /// After the round's beginning.
    var at: Duration
    var what: Disturbance
    /// How long it lasts; nil where it is over at once.
    var spell: Duration?
    /// What chooses among several victims or variants.
    var dice: UInt64

    /// What it waits for, if it is a kill.
    var moment: Moment { Moment(rawValue: dice >> 8 & 3) ?? .now }
    /// How long after that it comes, in microseconds.
    var lag: UInt32 { UInt32(dice >> 16 & 0xFFF) * UInt32(dice >> 32 & 3) / 2 }
  }

  /// A round's schedule: exponential gaps from 5 ms to 2 s.
  static func schedule(within span: Duration, hasDisk: Bool, _ random: inout SeededGenerator) -> [Blow] {
    let kinds = allCases.filter { hasDisk || $0 != .diskFull }
    var blows: [Blow] = []
    var at = Duration.zero
    while true {
      let unit = Double.random(in: 0..<1, using: &random)
      at += .milliseconds(min(2_000, max(5, Int(-320 * log(1 - unit)))))
      guard at < span else { return blows }
      var ticket = Int.random(in: 0..<kinds.map(\.weight).reduce(0, +), using: &random)
      let what = kinds.first { kind in
        ticket -= kind.weight
        return ticket < 0
      }
      guard let what else { continue }
      // Long spells are rare.
      let spell = what.spell.map { range in
        let part = Double.random(in: 0..<1, using: &random)
        return Duration.milliseconds(
          range.lowerBound + Int(Double(range.upperBound - range.lowerBound) * part * part * part))
      }
      blows.append(Blow(at: at, what: what, spell: spell, dice: random.next()))
    }
  }
}
