import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Journal

/// The journal's socket: what arrives, and what becomes of records that it does not take.
@Suite struct JournalSinkTests {
  static func numbers(_ datagrams: [JournalDatagram]) throws -> [Int] {
    try datagrams.map { try #require(try $0.fields()["BIZCLOCK_N"]?.first.flatMap { Int($0) }) }
  }

  @Test func aRecordIsOneDatagram() throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path)
    let record = SinkTests.record(1)
    #expect(sink.write(record))
    let first = try #require(receiver.next())
    #expect(first.bytes == JournalFormatTests.bytes(record))
    #expect(first.seals == nil)
    #expect(receiver.next() == nil)

    #expect(sink.write(contentsOf: (0..<5).map { SinkTests.record($0) }) == 5)
    #expect(try JournalSinkTests.numbers(receiver.all()) == [0, 1, 2, 3, 4])
    // Without any patience too, as long as there is room.
    let hurried = JournalSink(path: receiver.path, patience: 0)
    #expect(hurried.write(contentsOf: (0..<5).map { SinkTests.record($0) }) == 5)
    #expect(try JournalSinkTests.numbers(receiver.all()) == [0, 1, 2, 3, 4])
    #expect(sink.write(contentsOf: []) == 0)
    #expect(receiver.next() == nil)
    #expect(sink.dropped == 0)
  }

  /// What no datagram holds comes in a file that nobody can change any more; the records around it keep their order.
  @Test func aLargeRecordIsASealedFile() throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path)
    let large = SinkTests.record(1, padding: 1_500_000)
    #expect(sink.write(contentsOf: [SinkTests.record(0), large, SinkTests.record(2)]) == 3)
    let received = receiver.all()
    try #require(received.count == 3)
    #expect(received[0].bytes == JournalFormatTests.bytes(SinkTests.record(0)))
    // A failure would spend minutes on showing what differs.
    let isWhole = received[1].bytes == JournalFormatTests.bytes(large)
    #expect(isWhole)
    // F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE.
    #expect(received[1].seals == 0xF)
    #expect(received[2].bytes == JournalFormatTests.bytes(SinkTests.record(2)))
    #expect(sink.dropped == 0)
  }

  @Test func noFileIsLeftOpen() throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path)
    for _ in 0..<40 {
      #expect(sink.write(SinkTests.record(0, padding: 500_000)))
      #expect(receiver.next()?.seals == 0xF)
    }
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
      return link?.contains("bizclock-journal") ?? false
    }
    // Other tests have some open for a moment.
    #expect(open < 20)
  }

  @Test func aSlowReaderGetsEverything() async throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path, patience: 30_000)
    let (received, continuation) = AsyncStream.makeStream(of: Int.self)
    Thread {
      var count = 0
      while count < 3000, receiver.wait() {
        while let datagram = receiver.next() {
          continuation.yield((try? JournalSinkTests.numbers([datagram]).first) ?? -1)
          count += 1
          sched_yield()
        }
      }
      continuation.finish()
    }.start()
    for i in 0..<500 { #expect(sink.write(SinkTests.record(i))) }
    // Some large ones, and some so large that they are files.
    let padding = [0: 120_000, 1: 120_000, 2: 200_000]
    let rest = (500..<3000).map { SinkTests.record($0, padding: padding[$0 % 100] ?? 0) }
    #expect(sink.write(contentsOf: rest) == 2500)
    var numbers: [Int] = []
    for await number in received { numbers.append(number) }
    #expect(numbers == Array(0..<3000))
    #expect(sink.dropped == 0)
  }

  @Test func aJournalThatTakesNothingIsNotWaitedForTwiceAndHearsOfIt() throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path, patience: 50)
    let written = sink.write(contentsOf: (0..<5000).map { SinkTests.record($0) })
    #expect(written > 0 && written < 5000)
    #expect(sink.dropped == 5000 - written)
    let took = ContinuousClock().measure {
      for _ in 0..<1000 { #expect(!sink.write(SinkTests.record(-1))) }
    }
    #expect(took < .seconds(5), "1000 times the patience would be 50 s")
    #expect(sink.dropped == 6000 - written)
    #expect(try JournalSinkTests.numbers(receiver.all()) == Array(0..<written))

    #expect(sink.write(contentsOf: [SinkTests.record(7777), SinkTests.record(7778)]) == 2)
    let after = receiver.all()
    try #require(after.count == 3)
    #expect(try JournalSinkTests.numbers([after[0], after[2]]) == [7777, 7778])
    let told = try after[1].fields()
    #expect(told["BIZCLOCK_EVENT"] == ["log.refused"])
    #expect(told["MESSAGE_ID"] == [LogEvent.logRefused.messageID])
    #expect(told["PRIORITY"] == ["4"])
    #expect(told["BIZCLOCK_REFUSED"] == ["\(6000 - written)"])
    #expect(told["BIZCLOCK_TIME"] == ["2026-09-18T02:00:00.007777Z"])
    // Said once; and it counts for no record of the caller's.
    #expect(sink.write(SinkTests.record(7779)))
    #expect(try JournalSinkTests.numbers(receiver.all()) == [7779])
    #expect(sink.dropped == 6000 - written)
  }

  /// A reader that always takes the next record just before the patience ends: a call ends all the same.
  @Test func aTrickleDoesNotHoldTheCaller() throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path, patience: 200)
    let isOver = Mutex(false)
    let reader = Thread {
      while !isOver.withLock({ $0 }) {
        poll(nil, 0, 20)
        _ = receiver.next()
      }
    }
    reader.start()
    defer { isOver.withLock { $0 = true } }
    var written = 0
    let took = ContinuousClock().measure {
      written = sink.write(contentsOf: (0..<2000).map { SinkTests.record($0) })
    }
    #expect(took < .seconds(20), "2000 times 20 ms would be 40 s")
    #expect(written > 0 && written < 2000)
    #expect(sink.dropped == 2000 - written)
  }

  @Test func aRestartedJournalIsFoundAgain() throws {
    var receiver: JournalReceiver? = try JournalReceiver()
    let path = try #require(receiver?.path)
    let sink = JournalSink(path: path, patience: 20)
    #expect(sink.isReachable)
    #expect(sink.write(SinkTests.record(1)))
    receiver = nil
    // Gone, with its path.
    #expect(!sink.write(SinkTests.record(2)))
    #expect(!sink.isReachable)
    #expect(sink.write(contentsOf: [SinkTests.record(3), SinkTests.record(4)]) == 0)
    #expect(sink.dropped == 3)
    receiver = try JournalReceiver(path: path)
    #expect(sink.write(contentsOf: [SinkTests.record(5), SinkTests.record(6)]) == 2)
    let received = receiver?.all() ?? []
    try #require(received.count == 3)
    #expect(try JournalSinkTests.numbers([received[0], received[2]]) == [5, 6])
    #expect(try received[1].fields()["BIZCLOCK_REFUSED"] == ["3"])

    // Gone and back between two records: nobody notices, a large one neither.
    for padding in [0, 1_000_000] {
      receiver = nil
      receiver = try JournalReceiver(path: path)
      #expect(sink.write(SinkTests.record(7, padding: padding)))
      #expect(try JournalSinkTests.numbers(receiver?.all() ?? []) == [7])
    }
    // Its path is there, and nobody behind it.
    receiver = nil
    let dead = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    #expect(JournalSinkTests.bindSocket(dead, path))
    close(dead)
    #expect(!sink.write(SinkTests.record(8)))
    #expect(sink.dropped == 4)
    unlink(path)
  }

  private static func bindSocket(_ descriptor: Int32, _ path: String) -> Bool {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  @Test func writersDoNotMix() async throws {
    let receiver = try JournalReceiver()
    let sink = JournalSink(path: receiver.path, patience: 30_000)
    let (received, continuation) = AsyncStream.makeStream(of: Int.self)
    // On a busy machine the writers may begin long after their reader.
    let areThrough = Mutex(false)
    Thread {
      var count = 0
      while count < 2000, receiver.wait() || !areThrough.withLock({ $0 }) {
        for datagram in receiver.all() {
          continuation.yield((try? JournalSinkTests.numbers([datagram]).first) ?? -1)
          count += 1
        }
      }
      continuation.finish()
    }.start()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for i in 0..<250 { sink.write(SinkTests.record(task * 1000 + i * 2)) }
          sink.write(contentsOf: (0..<250).map { SinkTests.record(task * 1000 + $0 * 2 + 1) })
        }
      }
    }
    areThrough.withLock { $0 = true }
    var numbers: [Int] = []
    for await number in received { numbers.append(number) }
    var expected: [Int] = []
    for task in 0..<4 { expected += task * 1000..<task * 1000 + 500 }
    #expect(numbers.sorted() == expected)
    #expect(sink.dropped == 0)
  }

  @Test(arguments: ["", "/nonexistent/socket", "/" + String(repeating: "x", count: 200), "a\u{0}b"])
  func whereThereIsNoJournal(path: String) {
    let sink = JournalSink(path: path, patience: 20)
    #expect(!sink.isReachable)
    #expect(!sink.write(SinkTests.record(1)))
    #expect(sink.dropped == 1)
  }

  @Test func theDestinationOpensIt() throws {
    let receiver = try JournalReceiver()
    let sink = LogDestination.journal.makeSink(journal: receiver.path)
    #expect(sink is JournalSink)
    #expect(sink.write(SinkTests.record(1)))
    #expect(try JournalSinkTests.numbers(receiver.all()) == [1])
  }

  /// The descriptor leads to the journal too: a line says its priority in front, where the journal takes it off.
  @Test func whereItCannotBeReachedLinesSayTheirPriority() throws {
    let file = try ScratchFile()
    let sink = LogDestination.journal.makeSink(descriptor: file.descriptor, journal: "/nonexistent/socket")
    #expect(sink is JSONLineSink)
    var warning = SinkTests.record(2)
    warning.priority = .warning
    #expect(sink.write(contentsOf: [SinkTests.record(1), warning]) == 2)
    let lines = try file.lines()
    try #require(lines.count == 2)
    #expect(lines[0].hasPrefix("<3>{\"time\":"))
    #expect(lines[1].hasPrefix("<4>{\"time\":"))
    #expect(try SinkTests.numbers(lines.map { String($0.dropFirst(3)) }) == [1, 2])
    let plain = try ScratchFile()
    LogDestination.lines.makeSink(descriptor: plain.descriptor).write(SinkTests.record(1))
    #expect(try plain.lines().first?.hasPrefix("{") == true)
  }
}
