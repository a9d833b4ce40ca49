import Glibc
import ServiceTime
import Simulator
import TestSupport

/// Makes up what is handed over in a round, the same for the same seed and round; only the times of live cases are
/// those of the moment.
struct LoadMaker {
  /// A file and when it is handed over.
  struct Parcel: Sendable {
    /// How it gets to the program.
    enum Way: Sendable {
      case spool(Office.Spool)
      case ingest(isHistory: Bool)
    }
    /// After the round's beginning.
    var at: Duration
    var name: String
    var way: Way
    /// What it holds; nil for live cases, which are made when it is handed over.
    var contents: Contents?
  }

  private let round: Int
  private let office: Office
  private var random: SeededGenerator
  private var encoder: EventLineEncoder
  private var serial = 0
  /// Live events that wait for a file.
  private var waiting: [(after: Int, event: Event)] = []
  private var liveFiles = 0

  /// A maker for a round of a run.
  init(seed: UInt64, round: Int, office: Office) {
    self.round = round
    self.office = office
    random = SeededGenerator(seed: seed ^ (UInt64(round) &* 0x9e37_79b9_7f4a_7c15))
    encoder = EventLineEncoder(zone: office.calendar.zone)
  }

  /// The round's parcels by time; `heavy` rounds have a file of several batches.
  mutating func parcels(within span: Duration, heavy: Bool) -> [Parcel] {
    var parcels = simulated(cases: heavy ? 900 : 250, within: span) + csv(within: span)
    for index in 0..<Int(span / .milliseconds(220)) {
      parcels.append(
        Parcel(
          at: .milliseconds(220) * index, name: "live-\(round)-\(index).ndjson",
          way: .spool(index % 3 == 0 ? .counter : .registration)))
    }
    // The same files again, under other names.
    let again = parcels.filter { $0.contents != nil }.shuffled(using: &random).prefix(3)
    for parcel in again {
      var copy = parcel
      copy.at = time(within: span)
      copy.name = "again-" + parcel.name
      if case .spool(.office) = parcel.way {} else { copy.way = way() }
      parcels.append(copy)
    }
    return parcels.sorted { ($0.at, $0.name) < ($1.at, $1.name) }
  }

  /// Cases of half a year ago to yesterday, out of order, with duplicates, bad lines and a conflict.
  private mutating func simulated(cases: Int, within span: Duration) -> [Parcel] {
    let today = office.calendar.date(of: LoadMaker.now())
    var scenario = Scenario.usual
    scenario.mistakes = 120
    scenario.reopenings = 80
    let simulator = Simulator(
      seed: random.next(), cases: cases, from: today + -(round % 3 == 0 ? 150 : 12), to: today + -1,
      calendar: office.calendar, scenario: scenario)
    var events = Array(ChronologicalEvents(simulator))
    // A case that does not come by time makes the projector fold it again.
    for _ in 0..<events.count / 3 {
      let (a, b) = (
        Int.random(in: 0..<events.count, using: &random), Int.random(in: 0..<events.count, using: &random)
      )
      events.swapAt(a, b)
    }
    var parcels: [Parcel] = []
    let files = cases > 500 ? 3 : 10
    let size = events.count / files + 1
    for (index, start) in stride(from: 0, to: events.count, by: size).enumerated() {
      var contents = Contents()
      for event in events[start..<min(start + size, events.count)] { add(event, to: &contents) }
      // Lines that overlap with other files.
      for _ in 0..<20 { add(events[Int.random(in: 0..<events.count, using: &random)], to: &contents) }
      parcels.append(
        Parcel(at: time(within: span), name: "sim-\(round)-\(index).ndjson", way: way(), contents: contents))
    }
    return parcels
  }

  private mutating func add(_ event: Event, to contents: inout Contents) {
    contents.add(event, line(event))
    guard Int.random(in: 0..<60, using: &random) == 0 else { return }
    if Bool.random(using: &random) {
      var other = event
      other.occurredAt = event.occurredAt + 1_000_000
      contents.addBad("conflict", line(other).dropLast())
    } else {
      let (code, bytes) = badLine()
      contents.addBad(code, bytes)
    }
  }

  private mutating func line(_ event: Event) -> [UInt8] {
    var bytes: [UInt8] = []
    encoder.append(event, to: &bytes)
    return bytes
  }

  private mutating func badLine() -> (String, [UInt8]) {
    serial += 1
    let id = "bad-\(round)-\(serial)"
    let good = "\"type\":\"accepted\",\"process\":\"opening\""
    let time = "\"occurred_at\":\"2026-09-18T10:00:00+08:00\""
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return ("bad_json", Array("{\"case_id\":\"\(id)\",".utf8))
    case 1: return ("missing_field", Array("{\"case_id\":\"\(id)\"}".utf8))
    case 2: return ("bad_field", Array("{\"case_id\":\"\(id)\",\(good),\(time),\"region\":\"46x\"}".utf8))
    case 3: return ("bad_time", Array("{\"case_id\":\"\(id)\",\(good),\"occurred_at\":\"yesterday\"}".utf8))
    case 4:
      return ("future_time", Array("{\"case_id\":\"\(id)\",\(good),\"occurred_at\":\"2098-01-01T00:00:00Z\"}".utf8))
    case 5:
      return (
        "unknown_process", Array("{\"case_id\":\"\(id)\",\"type\":\"accepted\",\"process\":\"opera\",\(time)}".utf8)
      )
    case 6:
      return (
        "corrupt_number",
        Array("{\"case_id\":\"4.69005E+17\",\"event_id\":\"\(id)\",\(good),\(time)}".utf8)
      )
    default: return ("bad_encoding", Array("{\"case_id\":\"\(id)".utf8) + [0xFF, 0xFE] + Array("\",\(good)}".utf8))
    }
  }

  /// Tables as a spreadsheet gives them: local times, Chinese headings, values to be translated.
  private mutating func csv(within span: Duration) -> [Parcel] {
    let now = LoadMaker.now().microseconds / 1_000_000
    return (0..<2).map { index in
      var contents = Contents()
      contents.addHeader("办件编号,编号,时间,环节,步骤,区划,申请人")
      for number in 0..<25 {
        let caseID = "CSV-\(round)-\(index)-\(number)"
        var at = now - Int64.random(in: 3_600...(20 * 86_400), using: &random)
        var told = [("受理", "accepted", ""), ("执照", "step_completed", "licence"), ("办结", "completed", "")]
        if Bool.random(using: &random) {
          told.insert(contentsOf: [("补正", "correction_requested", ""), ("补正完成", "correction_received", "")], at: 1)
        }
        if Int.random(in: 0..<3, using: &random) == 0 { told.removeLast() }
        for (ordinal, step) in told.enumerated() where at < now {
          let name = number % 5 == 0 ? "\"文昌, 第\(number)店\"" : "文昌第\(number)店"
          let row =
            "\(caseID),\(ordinal),\(LoadMaker.local(at)),\(step.0),\(step.2),469005100,\(ordinal == 0 ? name : "")"
          var event = Event(
            caseID: Identifier(caseID), source: "office", eventID: Identifier("\(ordinal)"),
            type: EventType(step.1), occurredAt: Instant(seconds: at))
          event.process = "opening"
          event.step = step.2.isEmpty ? nil : step.2
          event.region = "469005100"
          if ordinal == 0 { event.entityName = name.trimming("\"") }
          contents.add(event, Array((row + "\n").utf8))
          at += Int64.random(in: 600...200_000, using: &random)
        }
        guard number % 9 == 0 else { continue }
        let bad = [
          ("bad_time", "\(caseID),x,昨天,受理,,469005100,"),
          ("corrupt_number", "4.69005E+17,\(caseID),2026-09-18 10:00:00,受理,,469005100,"),
          ("bad_csv", "\(caseID),y,2026-09-18 10:00:00,受理,,469005100,,,"),
        ][Int.random(in: 0..<3, using: &random)]
        contents.addBad(bad.0, Array(bad.1.utf8))
      }
      return Parcel(
        at: time(within: span), name: "table-\(round)-\(index).csv", way: .spool(.office), contents: contents)
    }
  }

  /// Cases that are accepted about now, whose levels come within seconds; some end before, some after, some are told
  /// late, some endings are voided.
  mutating func live() -> Contents {
    liveFiles += 1
    var contents = Contents()
    let ready = waiting.filter { $0.after <= liveFiles }.map(\.event)
    waiting.removeAll { $0.after <= liveFiles }
    for event in ready { contents.add(event, line(event)) }
    for _ in 0..<Int.random(in: 4...14, using: &random) {
      serial += 1
      let caseID = "LV-\(round)-\(serial)"
      let start = LoadMaker.now() + Int64.random(in: -2_500...900, using: &random) * 1_000
      var accepted = Event(
        caseID: Identifier(caseID), source: "live", eventID: "a", type: "accepted", occurredAt: start)
      accepted.process = "live"
      accepted.region = "469005100"
      contents.add(accepted, line(accepted))
      guard Int.random(in: 0..<10, using: &random) < 6 else { continue }
      var completed = Event(
        caseID: Identifier(caseID), source: "live", eventID: "c", type: "completed",
        occurredAt: start + Int64.random(in: 100...6_500, using: &random) * 1_000)
      completed.process = "live"
      let after = liveFiles + Int.random(in: 0...16, using: &random)
      waiting.append((after, completed))
      guard Int.random(in: 0..<7, using: &random) == 0 else { continue }
      var voided = Event(
        caseID: Identifier(caseID), source: "live", eventID: "v", type: "voided",
        occurredAt: completed.occurredAt + 1)
      voided.voids = "c"
      waiting.append((after + Int.random(in: -4...4, using: &random), voided))
    }
    if Int.random(in: 0..<6, using: &random) == 0 {
      let (code, bytes) = badLine()
      contents.addBad(code, bytes)
    }
    return contents
  }

  private mutating func way() -> Parcel.Way {
    switch Int.random(in: 0..<9, using: &random) {
    case 0, 1: .spool(.registration)
    case 2, 3: .spool(.extra)
    case 4: .spool(.other)
    case 5, 6: .spool(.counter)
    case 7: .ingest(isHistory: false)
    default: .ingest(isHistory: true)
    }
  }

  private mutating func time(within span: Duration) -> Duration {
    span * Double.random(in: 0..<0.9, using: &random)
  }

  static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  /// `2026-09-18 10:00:00` in China, which has been 8 hours ahead of UTC since 1991.
  private static func local(_ seconds: Int64) -> String {
    var time = time_t(seconds + 8 * 3_600)
    var parts = tm()
    gmtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, 32, "%Y-%m-%d %H:%M:%S", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension String {
  /// Without a character at both ends.
  func trimming(_ mark: Character) -> String {
    hasPrefix(String(mark)) && hasSuffix(String(mark)) ? String(dropFirst().dropLast()) : self
  }
}
