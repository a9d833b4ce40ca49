import Foundation
import Testing

@testable import ServiceTime

/// Due times and whole cases reckoned independently from the same rules; all of them hold.
@Suite struct VectorTests {
  static func lines(_ name: String) throws -> [[String: Any]] {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "ndjson"))
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func dueVectors() throws {
    let rulebook = try ShippedPolicy.rulebook()
    let cn = try #require(rulebook.calendars["cn"])
    let vectors = try VectorTests.lines("due-vectors")
    #expect(vectors.count == 600)
    for vector in vectors {
      let commitment = try #require(
        rulebook.policy.commitments.first { $0.id == vector["commitment"] as? String })
      let start = ShippedPolicy.instant(try #require(vector["start"] as? String))
      let pauses = try #require(vector["pauses"] as? [[Any]]).map { pair in
        PauseSpan(
          from: ShippedPolicy.instant(pair[0] as? String ?? ""),
          to: (pair[1] as? String).map(ShippedPolicy.instant))
      }
      let version = try #require(commitment.version(on: cn.date(of: start)))
      let reckoner = Reckoner(version: version, calendar: cn, start: start, pauses: pauses)
      let due = reckoner.due
      #expect(due?.at == (vector["due_at"] as? String).map(ShippedPolicy.instant), "\(vector)")
      #expect((due?.provisional ?? false) == vector["provisional"] as? Bool, "\(vector)")
      #expect(reckoner.countedDates()?.map(\.description) == vector["counted"] as? [String], "\(vector)")
      let levels =
        due == nil
        ? [] : commitment.levels.map { ($0.name, reckoner.instant(of: $0.position)?.at) }
      let expected = try #require(vector["levels"] as? [[String: Any]]).map {
        ($0["name"] as? String ?? "", ($0["at"] as? String).map(ShippedPolicy.instant))
      }
      #expect(levels.elementsEqual(expected) { $0.0 == $1.0 && $0.1 == $1.1 }, "\(vector) \(levels)")
    }
  }

  @Test func caseVectors() throws {
    let rulebook = try ShippedPolicy.rulebook()
    let vectors = try VectorTests.lines("case-vectors")
    #expect(vectors.count == 500)
    for vector in vectors {
      let asOf = ShippedPolicy.instant(try #require(vector["as_of"] as? String))
      let events = try #require(vector["events"] as? [[String: Any]]).map(Event.init(vector:))
      let clocks = CaseFold(events: events, rulebook: rulebook).clocks(asOf: asOf)
      let mine = clocks.map(VectorTests.describe).sorted()
      let theirs = try #require(vector["clocks"] as? [[String: Any]]).map(VectorTests.describe).sorted()
      #expect(mine == theirs, "\(events.first?.caseID.text ?? "")")
    }
  }

  /// One line of all that the vectors say of a clock.
  static func describe(_ clock: Clock) -> String {
    let ended = !clock.isOpen
    func seconds(_ value: Int64) -> String { "\(Double(value) / 1e6)" }
    var parts = [
      clock.commitment, "\(clock.round)", clock.state.rawValue, clock.verdict?.rawValue ?? "-",
      "\(clock.startedAt)", clock.dueAt.map(\.description) ?? "-", clock.stoppedAt.map(\.description) ?? "-",
    ]
    if ended {
      parts += [
        "\(clock.measures.countedDays)", seconds(clock.measures.elapsed), seconds(clock.measures.paused),
        seconds(clock.measures.working),
      ]
    }
    parts.append((ended ? clock.overrun : nil).map { "\(seconds($0.time)) \($0.days)" } ?? "-")
    if clock.state == .cancelled { parts.append("\(clock.breached)") }
    parts += clock.reached.map { "\($0.level)/\($0.revision)@\($0.at)" }.sorted()
    return parts.joined(separator: " ")
  }

  static func describe(_ clock: [String: Any]) -> String {
    func time(_ key: String) -> String {
      (clock[key] as? String).map { ShippedPolicy.instant($0).description } ?? "-"
    }
    var parts = [
      clock["commitment"] as? String ?? "", "\(clock["round"] as? Int ?? 0)", clock["state"] as? String ?? "",
      clock["verdict"] as? String ?? "-", time("started_at"), time("due_at"), time("stopped_at"),
    ]
    if let counted = clock["counted_days"] as? Int {
      parts += ["\(counted)"]
      parts += ["elapsed_seconds", "paused_seconds", "working_seconds"].map {
        "\((clock[$0] as? NSNumber)?.doubleValue ?? -1)"
      }
    }
    if let overrun = (clock["overrun_seconds"] as? NSNumber)?.doubleValue {
      parts.append("\(overrun) \(clock["overrun_days"] as? Int ?? -1)")
    } else {
      parts.append("-")
    }
    if clock["state"] as? String == "cancelled" { parts.append("\(clock["breached"] as? Bool ?? false)") }
    parts += (clock["levels"] as? [[String: Any]] ?? []).map {
      "\($0["level"] as? String ?? "")/\($0["revision"] as? Int ?? 0)@"
        + ShippedPolicy.instant($0["level_at"] as? String ?? "").description
    }.sorted()
    return parts.joined(separator: " ")
  }
}
