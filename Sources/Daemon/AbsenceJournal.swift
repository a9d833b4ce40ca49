import Ledger
import ServiceTime
import Synchronization

/// The alerts that were told and not recorded yet, in memory and in the file `unrecorded` of the state directory.
///
/// What is to be told is noted before its line is written and added after: after a crash between the two nobody knows
/// whether it was told, so it is told again if it is still to be, and settled even if it is not.
final class AbsenceJournal: Sendable {
  /// Beyond how many the file grows no further; lines are written all the same.
  static let capacity = 200_000
  private static let name = "unrecorded"
  private static let (told, perhaps) = ("told", "telling")

  private struct State {
    var file: StateFile?
    var told: [AlertID: ToldAlert] = [:]
    /// What an earlier run noted and did not add.
    var perhaps: [AlertID: ToldAlert] = [:]
    /// What stands in the file as noted and is of this run.
    var noted: Set<AlertID> = []
    /// Whether the file is not what is known here, after a write that failed.
    var isBehind = false
  }

  private let state = Mutex(State())

  /// A journal without a file: it lasts as long as the program.
  init() {}

  /// Whether nothing is to be settled.
  var isEmpty: Bool { state.withLock { $0.told.isEmpty && $0.perhaps.isEmpty } }

  /// When an alert was told; nil if it was not, or is settled.
  func toldAt(_ id: AlertID) -> Instant? {
    state.withLock { $0.told.isEmpty ? nil : $0.told[id]?.toldAt }
  }

  /// Those of some levels that were not told.
  func untold(_ levels: [WatchedLevel]) -> [WatchedLevel] {
    state.withLock { state in state.told.isEmpty ? levels : levels.filter { state.told[$0.id] == nil } }
  }

  /// What is told, or was perhaps, and is not settled, the longest told first.
  var open: [ToldAlert] {
    state.withLock { Array($0.told.values) + Array($0.perhaps.values) }.sorted {
      ($0.toldAt, $0.level.levelAt, $0.level.id.caseID) < ($1.toldAt, $1.level.levelAt, $1.level.id.caseID)
    }
  }

  /// Keeps it in a directory from here on, and takes in what was told before; says what is wrong with the file.
  func load(from directory: String) -> String? {
    let file = StateFile(directory: directory, name: AbsenceJournal.name, limit: 256 << 20)
    return state.withLock { state in
      state.file = file
      do throws(StateFile.Failure) {
        let lines = CheckedLine.lines(try file.read())
        var isDamaged = lines.isDamaged
        for fields in lines.whole {
          guard let alert = AbsenceJournal.alert(fields) else {
            isDamaged = true
            continue
          }
          let id = alert.level.id
          if alert.isCertain {
            state.told[id] = alert
            state.perhaps[id] = nil
          } else if state.told[id] == nil {
            state.perhaps[id] = alert
          }
        }
        guard isDamaged || lines.isTorn else { return nil }
        // What is added must not be glued to a torn line.
        state.isBehind = true
        let aside = isDamaged ? try file.setAside() : nil
        AbsenceJournal.write(&state, file)
        return aside.map {
          "The list of unrecorded alerts was damaged; what could be read of it is kept, the file lies at \($0)."
        }
      } catch {
        return "The list of unrecorded alerts is of no use: \(error)."
      }
    }
  }

  /// Notes levels in the file, has their lines written and adds those that were; says what is wrong with the file.
  ///
  /// - Parameter write: says how many lines, counted from the first, were written. The journal is locked meanwhile.
  func tell(_ levels: some Collection<WatchedLevel>, at instant: Instant, write: () -> Int) -> (
    written: Int, troubles: [String]
  ) {
    state.withLock { state in
      var troubles: [String] = []
      let room = max(0, AbsenceJournal.capacity - state.told.count)
      let kept = levels.prefix(room).map { ToldAlert(level: $0, toldAt: instant) }
      do throws(StateFile.Failure) {
        try AbsenceJournal.note(kept, &state)
      } catch {
        troubles.append("Alerts that are told now may be unknown after a restart: \(error).")
      }
      let written = write()
      let told = kept.prefix(written)
      for alert in told {
        state.told[alert.level.id] = alert
        state.perhaps[alert.level.id] = nil
        state.noted.remove(alert.level.id)
      }
      do throws(StateFile.Failure) {
        try AbsenceJournal.append(told, &state)
      } catch {
        troubles.append("Alerts that are told now may be told again after a restart: \(error).")
      }
      if room < written {
        troubles.append(
          "More than \(AbsenceJournal.capacity) alerts are unrecorded; those from here on may be told again.")
      }
      return (written, troubles)
    }
  }

  /// Takes out what is settled; says what is wrong with the file.
  func remove(_ settled: [AlertID]) -> String? {
    guard !settled.isEmpty else { return nil }
    return state.withLock { state in
      for id in settled {
        state.told[id] = nil
        state.perhaps[id] = nil
      }
      guard let file = state.file else { return nil }
      do throws(StateFile.Failure) {
        try AbsenceJournal.rewrite(&state, file)
        return nil
      } catch {
        return "Alerts that are settled may be settled again: \(error)."
      }
    }
  }

  private static func write(_ state: inout State, _ file: StateFile) {
    // It stays behind, and the next addition writes it whole.
    try? rewrite(&state, file)
  }

  private static func rewrite(_ state: inout State, _ file: StateFile) throws(StateFile.Failure) {
    state.isBehind = true
    try file.replace((Array(state.told.values) + Array(state.perhaps.values)).map(line).joined())
    state.noted = []
    state.isBehind = false
  }

  /// Those whose lines were not written when they were noted before stand in the file already.
  private static func note(_ alerts: [ToldAlert], _ state: inout State) throws(StateFile.Failure) {
    var new: [ToldAlert] = []
    for var alert in alerts where !state.noted.contains(alert.level.id) && state.perhaps[alert.level.id] == nil {
      alert.isCertain = false
      new.append(alert)
    }
    try append(new, &state)
    for alert in new { state.noted.insert(alert.level.id) }
  }

  private static func append(_ alerts: some Collection<ToldAlert>, _ state: inout State) throws(StateFile.Failure) {
    guard !alerts.isEmpty, let file = state.file else { return }
    if state.isBehind { try rewrite(&state, file) }
    state.isBehind = true
    try file.append(alerts.map(line).joined())
    state.isBehind = false
  }

  private static func line(_ alert: ToldAlert) -> String {
    let kind = alert.isCertain ? told : perhaps
    return CheckedLine.make([kind, String(alert.toldAt.microseconds)] + alert.level.fields)
  }

  private static func alert(_ fields: [String]) -> ToldAlert? {
    guard fields.count == WatchedLevel.fieldCount + 2, fields[0] == told || fields[0] == perhaps,
      let at = Int64(fields[1]), let level = WatchedLevel(fields: fields[2...])
    else { return nil }
    return ToldAlert(level: level, toldAt: Instant(microseconds: at), isCertain: fields[0] == told)
  }
}
