import Feeds
import ServiceTime
import Simulator
import Testing

/// What reaches a feed.
@Suite struct DeliveryTests {
  let office: SimulatedOffice

  init() throws { office = try SimulatedOffice() }

  private func read(_ bytes: [UInt8]) throws -> (events: [Event], rejects: [Reject]) {
    let feed = FeedDescription(
      name: "simulated", source: "another", format: .ndjson, knownProcesses: Set(office.rulebook.policy.processes))
    let reader = BatchReader(feed: feed, bytes: bytes)
    var events: [Event] = []
    var rejects: [Reject] = []
    while let batch = try reader.next(now: office.end) {
      events += batch.events
      rejects += batch.rejects
    }
    return (events, rejects)
  }

  @Test func feedsUnderstandEveryEvent() throws {
    let simulator = office.simulator(cases: 3_000)
    let read = try read(office.delivered(simulator)[0])
    #expect(read.rejects.isEmpty)
    let told = Array(ChronologicalEvents(simulator))
    #expect(read.events.count == told.count)
    #expect(read.events == told)
    #expect(zip(read.events, told).allSatisfy { $0.saysTheSame(as: $1) })
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.occurredAt <= $1.occurredAt })
  }

  @Test func allCasesAreMergedOnce() {
    let simulator = office.simulator(cases: 800)
    var byCase: [Identifier: [Event]] = [:]
    for event in ChronologicalEvents(simulator) { byCase[event.caseID, default: []].append(event) }
    let cases = office.cases(800)
    #expect(byCase.count == cases.count)
    for events in cases { #expect(byCase[events[0].caseID] == events) }
  }

  @Test(arguments: [(false, 0), (false, 20), (true, 0), (true, 20), (true, 100)])
  func anyDeliveryBringsTheSameEvents(shuffled: Bool, percent: Int) {
    let simulator = office.simulator(cases: 2_000)
    let plain = lines(office.delivered(simulator)[0])
    let other = lines(office.delivered(simulator, shuffled: shuffled, duplicatePercent: percent)[0])
    #expect(Set(other) == Set(plain))
    let twice = (other.count - plain.count) * 100
    #expect((plain.count * percent * 9 / 10...plain.count * percent * 11 / 10).contains(twice))
    #expect((other.count == plain.count) == (percent == 0))
    if shuffled { #expect(zip(plain, other).count { $0 == $1 } < plain.count / 100) }
    if !shuffled, percent > 0 {
      // An event's copy follows it.
      var kept: [[UInt8]] = []
      for line in other where line != kept.last { kept.append(line) }
      #expect(kept == plain)
    }
  }

  @Test(arguments: [(false, 1), (false, 50), (true, 50), (true, 3)])
  func partsTogetherAreTheWhole(shuffled: Bool, parts: Int) {
    let simulator = office.simulator(cases: 600)
    let whole = office.delivered(simulator, shuffled: shuffled, duplicatePercent: 20)
    let split = office.delivered(simulator, shuffled: shuffled, duplicatePercent: 20, parts: parts)
    #expect(split.count == parts)
    #expect(Array(split.joined()) == whole[0])
    let counts = split.map { lines($0).count }
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
  }

  @Test func morePartsThanLines() {
    let split = office.delivered(office.simulator(cases: 1), parts: 40)
    #expect(split.count == 40)
    #expect(lines(Array(split.joined())).count == office.cases(1)[0].count)
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T08:00:00+08:00"), (1_767_196_799_000_000, "2025-12-31T23:59:59+08:00"),
    (1_767_196_799_000_001, "2025-12-31T23:59:59.000001+08:00"),
    (1_767_196_800_500_000, "2026-01-01T00:00:00.500000+08:00"),
  ])
  func timesWithTheOffset(microseconds: Int64, text: String) {
    var encoder = EventLineEncoder(zone: .fixed(name: "Asia/Shanghai", offset: 28_800))
    var line: [UInt8] = []
    let event = Event(
      caseID: "c", source: "s", eventID: "e", type: "accepted", occurredAt: Instant(microseconds: microseconds))
    encoder.append(event, to: &line)
    #expect(
      String(decoding: line, as: UTF8.self)
        == #"{"event_id":"e","case_id":"c","type":"accepted","occurred_at":"\#(text)","source":"s"}"# + "\n")
  }

  @Test(arguments: [-12_600 as Int32, 0, 20_700])
  func everyFieldComesBack(offset: Int32) throws {
    var event = Event(
      caseID: "a\"b\\c", source: "系统", eventID: "\u{1}\t\u{7f}𣵦", type: "extended",
      occurredAt: Instant(microseconds: 1_767_196_799_120_000))
    event.sequence = -3
    event.process = "opening"
    event.step = "licence"
    event.region = "469005"
    event.grid = "第5居民小组"
    event.serviceWindow = "3号窗口"
    event.channel = "online"
    event.entityName = "文昌\n有限公司"
    event.entityType = "enterprise"
    event.uscc = "91469005MACJNBP27Y"
    event.tags = ["assisted", "a\"b"]
    event.extendDays = 2
    var encoder = EventLineEncoder(zone: .fixed(name: "somewhere", offset: offset))
    var line: [UInt8] = []
    encoder.append(event, to: &line)
    #expect(try read(line).events == [event])
  }
}
