import Foundation
import Synchronization
import TestSupport
import Testing

/// The built program in a process of its own, its log read line by line.
final class DaemonProcess: Sendable {
  struct NotBuilt: Error, CustomStringConvertible {
    var path: String
    var description: String { "\(path) is not there; run: swift build --build-tests" }
  }

  private let process: Process
  private let state = Mutex<(lines: [String], rest: String, listeners: [AsyncStream<String>.Continuation])>(
    ([], "", []))
  private let ended = AsyncStream<Int32>.makeStream()

  /// The program beside the tests that run.
  static var program: String {
    let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: runner).deletingLastPathComponent().appending(path: "bizclock").path
  }

  init(_ arguments: [String], environment: [String: String] = [:], inside namespace: String? = nil) throws {
    guard FileManager.default.isExecutableFile(atPath: DaemonProcess.program) else {
      throw NotBuilt(path: DaemonProcess.program)
    }
    process = Process()
    // What ip(8) runs in a namespace takes its place, and its process id.
    let command = (namespace.map { ["ip", "netns", "exec", $0] } ?? []) + [DaemonProcess.program] + arguments
    process.executableURL = URL(filePath: namespace == nil ? DaemonProcess.program : "/usr/sbin/ip")
    process.arguments = Array(command.dropFirst())
    // Many of them run at once: each gets a port of its own.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["BIZCLOCK_HTTP_LISTEN": "127.0.0.1:0"]) { $1 }.merging(environment) { $1 }
    process.standardOutput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardError = pipe
    // Told by a byte, not by a closed pipe: a program that another test starts meanwhile may hold its end open.
    let over = Pipe()
    let (told, ended, log) = (over.fileHandleForReading, ended.continuation, pipe.fileHandleForReading)
    process.terminationHandler = { _ in over.fileHandleForWriting.write(Data([0])) }
    try process.run()
    Thread.detachNewThread { [weak self, process] in
      while let data = DaemonProcess.next(log, until: told) { self?.take(data) }
      process.waitUntilExit()
      ended.yield(
        process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
      ended.finish()
    }
  }

  /// The next bytes of the log; nil when the program is over and all it wrote was read.
  private static func next(_ log: FileHandle, until over: FileHandle) -> Data? {
    var ends = [
      pollfd(fd: log.fileDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: over.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      guard poll(&ends, 2, -1) > 0 else { continue }
      if ends[0].revents & Int16(POLLIN) != 0 { return log.availableData }
      if ends[1].revents != 0 { return nil }
      // The log was closed before the end: only the end is waited for.
      ends[0].fd = -1
    }
  }

  deinit { if process.isRunning { kill(pid, SIGKILL) } }

  var isRunning: Bool { process.isRunning }

  var pid: pid_t { process.processIdentifier }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for the end and the last line; the exit status, or 128 and the signal.
  func exit() async throws -> Int32 {
    let stream = ended.stream
    return try await TestDeadline.within(TestDeadline.patience, "the end of process \(pid)") {
      for await status in stream { return status }
      throw CancellationError()
    }
  }

  /// The log so far.
  var lines: [String] { state.withLock { $0.lines } }

  /// The log so far, as JSON.
  var records: [[String: String]] { lines.map(DaemonProcess.record) }

  /// Waits for a line of an event.
  func logged(_ event: String, within limit: Duration = TestDeadline.patience) async throws {
    try await logged(containing: "\"event\":\"\(event)\"", within: limit)
  }

  /// Waits for a line that contains a text.
  func logged(containing text: String, within limit: Duration = TestDeadline.patience) async throws {
    let stream = AsyncStream<String> { listener in
      state.withLock { state in
        for line in state.lines { listener.yield(line) }
        state.listeners.append(listener)
      }
    }
    try await TestDeadline.within(limit, "\(text) in the log of process \(pid)") {
      for await line in stream where line.contains(text) { return }
      throw CancellationError()
    }
  }

  private static func record(_ line: String) -> [String: String] {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    return (object ?? [:]).mapValues { "\($0)" }
  }

  private func take(_ data: Data) {
    state.withLock { state in
      state.rest += String(decoding: data, as: UTF8.self)
      while let end = state.rest.firstIndex(of: "\n") {
        let line = String(state.rest[..<end])
        state.rest = String(state.rest[state.rest.index(after: end)...])
        state.lines.append(line)
        for listener in state.listeners { listener.yield(line) }
      }
    }
  }
}
