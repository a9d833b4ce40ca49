import Ledger
import ServiceTime
import Synchronization

/// The alerts that were told and not recorded yet, in memory and in the file `unrecorded` of the state directory.
///
/// What is told is added after its line was written: after a crash between the two it is told again, never missed.
final class AbsenceJournal: Sendable {
  /// Beyond how many the file grows no further; lines are written all the same.
  static let capacity = 200_000
  private static let name = "unrecorded"

  private struct State {
    var file: StateFile?
    var told: [AlertID: ToldAlert] = [:]
    /// Whether the file is not what is known here, after a write that failed.
    var isBehind = false
  }

  private let state = Mutex(State())

  /// A journal without a file: it lasts as long as the program.
  init() {}

  /// Whether nothing is to be settled.
  var isEmpty: Bool { state.withLock { $0.told.isEmpty } }

  /// When an alert was told; nil if it was not, or is settled.
  func toldAt(_ id: AlertID) -> Instant? {
    state.withLock { $0.told.isEmpty ? nil : $0.told[id]?.toldAt }
  }

  /// Those of some levels that were not told.
  func untold(_ levels: [WatchedLevel]) -> [WatchedLevel] {
    state.withLock { state in state.told.isEmpty ? levels : levels.filter { state.told[$0.id] == nil } }
  }

  /// What is told and not settled, the longest told first.
  var open: [ToldAlert] {
    state.withLock { Array($0.told.values) }.sorted {
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
          guard fields.first == "told", fields.count == WatchedLevel.fieldCount + 2, let at = Int64(fields[1]),
            let level = WatchedLevel(fields: fields[2...])
          else {
            isDamaged = true
            continue
          }
          state.told[level.id] = ToldAlert(level: level, toldAt: Instant(microseconds: at))
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

  /// Adds alerts whose lines were written; says what is wrong with the file.
  func add(_ told: [ToldAlert]) -> String? {
    state.withLock { state in
      let room = max(0, AbsenceJournal.capacity - state.told.count)
      for alert in told.prefix(room) { state.told[alert.level.id] = alert }
      guard let file = state.file else { return nil }
      do throws(StateFile.Failure) {
        if state.isBehind {
          try AbsenceJournal.rewrite(&state, file)
        } else {
          state.isBehind = true
          try file.append(told.prefix(room).map(AbsenceJournal.line).joined())
          state.isBehind = false
        }
      } catch {
        return "Alerts that are told now may be told again after a restart: \(error)."
      }
      return room < told.count
        ? "More than \(AbsenceJournal.capacity) alerts are unrecorded; those from here on may be told again." : nil
    }
  }

  /// Takes out what is settled; says what is wrong with the file.
  func remove(_ settled: [AlertID]) -> String? {
    guard !settled.isEmpty else { return nil }
    return state.withLock { state in
      for id in settled { state.told[id] = nil }
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
    try file.replace(state.told.values.map(line).joined())
    state.isBehind = false
  }

  private static func line(_ alert: ToldAlert) -> String {
    CheckedLine.make(["told", String(alert.toldAt.microseconds)] + alert.level.fields)
  }
}
