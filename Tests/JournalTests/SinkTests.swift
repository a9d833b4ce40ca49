import Foundation
import Testing

@testable import Journal

/// Every test that waits, waits for a reader of its own, never for a time to pass, save the bound itself.
@Suite struct SinkTests {
  static func record(_ number: Int, padding: Int = 0) -> LogRecord {
    LogRecord(
      time: 1_789_696_800_000_000 + Int64(number), priority: .error, event: .alertRaised,
      message: "Case C-\(number) missed its commitment.",
      fields: [
        "n": .integer(Int64(number)), "alert_id": .integer(Int64(number)), "case_id": "C-\(number)",
        "commitment": "reply", "round": 1, "level": "overdue", "revision": 1, "due_at": "2026-09-18T10:00:00+08:00",
        "overrun_seconds": 0, "region": nil, "padding": .text(String(repeating: "x", count: padding)),
      ])
  }

  static func numbers(_ lines: [String]) throws -> [Int] {
    try lines.map { try #require(try JSONLineFormatTests.object($0)["n"] as? Int) }
  }

  /// The number without parsing all of it, for bursts.
  static func quickNumber(_ line: String) -> Int? {
    guard line.hasPrefix("{"), line.hasSuffix("}"), let range = line.range(of: "\"n\":") else { return nil }
    return Int(line[range.upperBound...].prefix { $0.isNumber })
  }

  @Test func aBurstGoesOutWholeAndOnce() throws {
    let records = (0..<100_000).map { SinkTests.record($0) }
    for isBatched in [true, false] {
      let file = try ScratchFile()
      let sink = JSONLineSink(descriptor: file.descriptor)
      if isBatched {
        #expect(sink.write(contentsOf: records) == records.count)
      } else {
        #expect(records.allSatisfy { sink.write($0) })
      }
      #expect(sink.dropped == 0)
      let lines = try file.lines()
      #expect(lines.map { SinkTests.quickNumber($0) ?? -1 } == Array(0..<100_000))
      #expect(try SinkTests.numbers([lines[0], lines[50_000], lines[99_999]]) == [0, 50_000, 99_999])
    }
  }

  @Test func writersDoNotMix() async throws {
    let file = try ScratchFile()
    let sink = JSONLineSink(descriptor: file.descriptor)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for i in 0..<250 { sink.write(SinkTests.record(task * 1000 + i * 2)) }
          sink.write(contentsOf: (0..<250).map { SinkTests.record(task * 1000 + $0 * 2 + 1) })
        }
      }
    }
    let numbers = try SinkTests.numbers(try file.lines())
    var expected: [Int] = []
    for task in 0..<8 { expected += task * 1000..<task * 1000 + 500 }
    #expect(numbers.sorted() == expected)
  }

  enum PipeUse: CaseIterable, Sendable {
    case reopened
    case asItIs
    case asItIsWithoutBlocking
  }

  /// The pipe fills again and again; a line of 150 kB is larger than the pipe itself and goes in parts.
  @Test(arguments: PipeUse.allCases)
  func aSlowReaderGetsEverything(use: PipeUse) async throws {
    let (reader, writer) = try makePipe()
    let (received, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    Thread {
      continuation.yield(readToEnd(reader, chunk: 997) { sched_yield() })
      continuation.finish()
      close(reader)
    }.start()
    if use == .asItIsWithoutBlocking { #expect(fcntl(writer, F_SETFL, O_NONBLOCK) == 0) }
    do {
      let sink = LineWriter(
        format: JSONLineFormat(), descriptor: writer, patience: 30_000, reopens: use == .reopened)
      for i in 0..<300 {
        #expect(sink.write(CollectionOfOne(SinkTests.record(i, padding: i * 20))) == 1)
      }
      #expect(sink.write(CollectionOfOne(SinkTests.record(300, padding: 150_000))) == 1)
      #expect(sink.write((301..<900).map { SinkTests.record($0, padding: $0 % 7 * 900) }) == 599)
      #expect(sink.dropped == 0)
    }
    // A sink that opened the pipe anew has closed it with itself, or the reader would never see the end.
    close(writer)
    var bytes: [UInt8] = []
    for await all in received { bytes = all }
    #expect(try SinkTests.numbers(String(decoding: bytes, as: UTF8.self).lines) == Array(0..<900))
  }

  @Test func theFlagsOfASharedDescriptorStay() throws {
    let (reader, writer) = try makePipe()
    defer {
      close(reader)
      close(writer)
    }
    let before = fcntl(writer, F_GETFL)
    let sink = JSONLineSink(descriptor: writer)
    #expect(sink.write(SinkTests.record(1)))
    #expect(fcntl(writer, F_GETFL) == before)
  }

  @Test func aReaderThatTakesNothingIsNotWaitedForTwice() throws {
    let (reader, writer) = try makePipe()
    defer {
      close(reader)
      close(writer)
    }
    let sink = JSONLineSink(descriptor: writer, patience: 50)
    let records = (0..<5000).map { SinkTests.record($0) }
    let written = sink.write(contentsOf: records)
    #expect(written > 0 && written < 5000)
    #expect(sink.dropped == 5000 - written)
    let took = ContinuousClock().measure {
      for _ in 0..<1000 { #expect(!sink.write(SinkTests.record(-1))) }
    }
    #expect(took < .seconds(5), "1000 times the patience would be 50 s")
    #expect(sink.dropped == 5000 - written + 1000)

    // Room again: the sink goes on, and no line was torn on the way.
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let first = read(reader, &buffer, buffer.count)
    try #require(first > 0)
    #expect(sink.write(SinkTests.record(7777)))
    let second = buffer.withUnsafeMutableBytes { rest in
      rest.baseAddress.map { read(reader, $0 + first, rest.count - first) } ?? -1
    }
    try #require(second > 0)
    let lines = String(decoding: buffer[..<(first + second)], as: UTF8.self).lines
    #expect(try SinkTests.numbers(lines) == Array(0..<written) + [7777])
  }

  @Test func aTornLineSpoilsOnlyItself() throws {
    let (reader, writer) = try makePipe()
    defer {
      close(reader)
      close(writer)
    }
    let sink = JSONLineSink(descriptor: writer, patience: 20)
    #expect(!sink.write(SinkTests.record(1, padding: 200_000)))
    #expect(sink.dropped == 1)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let torn = read(reader, &buffer, buffer.count)
    try #require(torn > 0 && buffer[torn - 1] == UInt8(ascii: "x"))
    #expect(sink.write(SinkTests.record(2)))
    let rest = read(reader, &buffer, buffer.count)
    try #require(rest > 0)
    let lines = String(decoding: buffer[..<rest], as: UTF8.self).lines
    #expect(lines.first == "")
    #expect(try SinkTests.numbers(Array(lines.dropFirst())) == [2])
  }

  /// With the default disposition of SIGPIPE this test would end the process.
  @Test func aReaderThatWentAwayIsCounted() throws {
    let disposition = signal(SIGPIPE, SIG_DFL)
    defer { signal(SIGPIPE, disposition) }
    let (reader, writer) = try makePipe()
    let sink = JSONLineSink(descriptor: writer)
    #expect(sink.write(SinkTests.record(0)))
    close(reader)
    #expect(!sink.write(SinkTests.record(1)))
    #expect(sink.write(contentsOf: [SinkTests.record(2), SinkTests.record(3)]) == 0)
    #expect(sink.dropped == 3)
    var pending = sigset_t()
    sigpending(&pending)
    #expect(sigismember(&pending, SIGPIPE) == 0)
    close(writer)
  }

  @Test func aSocketThatWentAwayIsCounted() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let sink = JSONLineSink(descriptor: ends[0], patience: 20)
    #expect(sink.write(SinkTests.record(5)))
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = read(ends[1], &buffer, buffer.count)
    #expect(try SinkTests.numbers(String(decoding: buffer[..<max(0, count)], as: UTF8.self).lines) == [5])
    // Full, though the socket itself would block; what was counted as written is what the other side reads.
    let written = sink.write(contentsOf: (0..<5000).map { SinkTests.record($0) })
    #expect(written > 0 && written < 5000)
    var received: [UInt8] = []
    while true {
      let count = recv(ends[1], &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count <= 0 { break }
      received.append(contentsOf: buffer[..<count])
    }
    #expect(try SinkTests.numbers(String(decoding: received, as: UTF8.self).lines) == Array(0..<written))
    close(ends[1])
    let before = sink.dropped
    #expect(!sink.write(SinkTests.record(6)))
    #expect(sink.dropped == before + 1)
    close(ends[0])
  }

  @Test func aFullDiskAndAClosedDescriptorAreCounted() throws {
    let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
    try #require(full >= 0)
    let sink = JSONLineSink(descriptor: full)
    #expect(!sink.write(SinkTests.record(1)))
    #expect(sink.dropped == 1)
    close(full)
    let none = TextSink(descriptor: -1)
    #expect(!none.write(SinkTests.record(1)))
    #expect(none.write(contentsOf: []) == 0)
    #expect(none.dropped == 1)
  }

  @Test func aTerminalGetsColourAndAFileDoesNot() throws {
    let file = try ScratchFile()
    #expect(TextSink(descriptor: file.descriptor).write(SinkTests.record(1)))
    let plain = try file.lines()
    #expect(plain.count == 1 && !plain[0].contains("\u{1b}"))

    let (master, terminal) = try makeTerminal()
    defer {
      close(master)
      close(terminal)
    }
    #expect(LogDestination(descriptor: terminal, journalStream: nil) == .terminal)
    #expect(TextSink(descriptor: terminal, colour: .always).write(SinkTests.record(1)))
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(master, &buffer, buffer.count)
    #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).contains("\u{1b}[31merror\u{1b}[0m"))

    // Nobody reads the terminal: bounded, and counted.
    let sink = TextSink(descriptor: terminal, patience: 20)
    #expect(sink.write(contentsOf: (0..<5000).map { SinkTests.record($0) }) < 5000)
    #expect(!sink.write(SinkTests.record(1)))
    #expect(sink.dropped > 0)
  }

  @Test func theDestinationIsRead() throws {
    let file = try ScratchFile()
    var status = stat()
    try #require(fstat(file.descriptor, &status) == 0)
    let stream = "\(status.st_dev):\(status.st_ino)"
    #expect(LogDestination(descriptor: file.descriptor, journalStream: stream) == .journal)
    #expect(LogDestination(descriptor: file.descriptor, journalStream: "1:2") == .lines)
    #expect(LogDestination(descriptor: file.descriptor, journalStream: nil) == .lines)
    #expect(LogDestination.lines.makeSink() is JSONLineSink)
    #expect(LogDestination.terminal.makeSink() is TextSink)
  }

  @Test func theMemorySinkRefusesWhenTold() {
    let sink = MemorySink()
    #expect(sink.write(SinkTests.record(1)))
    sink.accept(2)
    #expect(sink.write(contentsOf: (2..<6).map { SinkTests.record($0) }) == 2)
    #expect(!sink.write(SinkTests.record(6)))
    #expect(sink.dropped == 3)
    sink.accept(nil)
    #expect(sink.write(SinkTests.record(7)))
    #expect(sink.drain().compactMap { $0["n"] } == [1, 2, 3, 7])
    #expect(sink.records.isEmpty)
  }
}
