import ServiceTime
import Settings
import Simulator
import Testing

@testable import Daemon

/// A load: simulated cases out of order, some events twice, a bad line in every file.
struct Load: Sendable {
  struct File: Sendable {
    var name: String
    var bytes: [UInt8]
  }
  var files: [File] = []

  init(files: [File]) { self.files = files }

  init(seed: UInt64, files count: Int) throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    // Old enough that no level of it is reached while the test runs, young enough that its levels still page.
    let today = calendar.date(of: SystemClock().now())
    let simulator = Simulator(
      seed: seed, cases: 150, from: today + -110, to: today + -50, calendar: calendar)
    var delivery = Delivery(
      simulator, zone: calendar.zone, seed: seed, shuffled: true, duplicatePercent: 20, parts: count)
    while let chunk = delivery.next() {
      if files.count < chunk.part {
        files.append(
          File(name: "\(chunk.part).ndjson", bytes: Array("{\"case_id\":\"bad \(chunk.part)\"}\n".utf8)))
      }
      files[chunk.part - 1].bytes += chunk.bytes
    }
  }
}
