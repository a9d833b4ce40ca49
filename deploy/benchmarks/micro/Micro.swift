import Feeds
import Foundation
import ServiceTime
import Settings

/// Times on one core, as one JSON object: nanoseconds each, the least of several passes.
///
/// The only argument is a file of native NDJSON, as `bizclock simulate` writes it.
@main enum Micro {
  private static let passes = 5

  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      FileHandle.standardError.write(Data("usage: micro EVENTS.ndjson\n".utf8))
      exit(64)
    }
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: CommandLine.arguments[1])))
    let shipped = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try Rulebook(
      policy: shipped.policy, calendars: shipped.calendars, zones: try ZoneFiles.load(for: shipped.calendars))
    var events: [Event] = []
    try decode(bytes) { events += $0 }

    var figures: [(String, Double)] = []
    let own = try least {
      var count = 0
      try decode(bytes) { count += $0.count }
      return count
    }
    figures.append(("decode_ns", own))
    let lines = bytes.split(separator: 0x0A).map { Data($0) }
    let foundation = try least { try FoundationEvent.count(lines) }
    figures.append(("foundation_decode_ns", foundation))
    figures += due(rulebook)
    let cases = Dictionary(grouping: events, by: \.caseID).values.map { $0 }
    let now = events.map(\.occurredAt).max() ?? .earliest
    figures.append(
      (
        "fold_ns",
        least {
          for events in cases { keep(CaseFold(events: events, rulebook: rulebook).clocks(asOf: now).count) }
          return events.count
        }
      ))
    figures.append(
      (
        "sketch_ns",
        least {
          var value: Int64 = 1
          for _ in 0..<1_000_000 {
            keep(Int(DurationSketch.bucket(of: value)))
            value = (value &* 31) & 0xffff_ffff
          }
          return 1_000_000
        }
      ))
    print("{" + figures.map { "\"\($0.0)\": \(($0.1 * 10).rounded() / 10)" }.joined(separator: ", ") + "}")
  }

  private static func decode(_ bytes: [UInt8], _ take: ([Event]) -> Void) throws {
    let reader = BatchReader(
      feed: FeedDescription(name: "micro", source: "micro", format: .ndjson), maximumRecords: 5_000, bytes: bytes)
    while let batch = try reader.next(now: Instant(microseconds: .max / 2)) { take(batch.events) }
  }

  /// Due times of starts spread over a year: by N working days, without pauses and with three.
  private static func due(_ rulebook: Rulebook) -> [(String, Double)] {
    guard let commitment = rulebook.policy.commitments.first(where: { $0.id == "opening" }),
      let version = commitment.versions.last, let calendar = rulebook.calendars[commitment.calendar],
      let first = Instant(rfc3339: "2025-03-03T09:00:00+08:00")
    else { return [] }
    let hour: Int64 = 3_600_000_000
    let starts = (0..<10_000).map { first + Int64($0) * hour / 2 }
    let pauses = starts.map { start in
      [(2, 5), (20, 30), (31, 32)].map { PauseSpan(from: start + $0.0 * hour, to: start + $0.1 * hour) }
    }
    func time(_ pauses: [[PauseSpan]]?) -> Double {
      least {
        var last = 0
        for (index, start) in starts.enumerated() {
          let reckoner = Reckoner(
            version: version, calendar: calendar, start: start, pauses: pauses?[index] ?? [])
          last &+= Int(reckoner.due?.day.dayNumber ?? 0)
        }
        keep(last)
        return starts.count
      }
    }
    return [("due_ns", time(nil)), ("due_with_pauses_ns", time(pauses))]
  }

  /// Nanoseconds of processor time for each of what a body says it did: others on the machine do not count.
  private static func least(_ body: () throws -> Int) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<passes {
      let begun = processorTime()
      let count = try body()
      best = min(best, (processorTime() - begun) / Double(max(1, count)))
    }
    return best
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }

  /// One thread measures.
  nonisolated(unsafe) private static var kept = 0
  /// Uses a value, so that what makes it is not left out.
  @inline(never) private static func keep(_ value: Int) { kept &+= value }
}
