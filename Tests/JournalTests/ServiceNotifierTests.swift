import Foundation
import Journal
import Testing

@Suite struct ServiceNotifierTests {
  /// The receiving side of a service manager.
  final class Manager: Sendable {
    let address: String
    private let descriptor: Int32
    private let path: String?

    init(abstract: Bool) throws {
      let name = "bizclock-\(UUID().uuidString)"
      path = abstract ? nil : NSTemporaryDirectory() + name
      address = path ?? "@" + name
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      try #require(descriptor >= 0)
      var bytes = Array(address.utf8)
      if abstract { bytes[0] = 0 } else { bytes.append(0) }
      var name_ = sockaddr_un()
      name_.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name_.sun_path) { $0.copyBytes(from: bytes) }
      let length = socklen_t(2 + bytes.count)
      let bound = withUnsafePointer(to: &name_) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
      }
      try #require(bound == 0)
    }

    deinit {
      close(descriptor)
      if let path { unlink(path) }
    }

    /// The message that has arrived; nil if there is none.
    func next() -> String? {
      var buffer = [UInt8](repeating: 0, count: 8192)
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  @Test(arguments: [false, true])
  func messagesArrive(abstract: Bool) throws {
    let manager = try Manager(abstract: abstract)
    let notifier = ServiceNotifier(socket: manager.address)
    #expect(notifier.isNeeded)
    #expect(notifier.ready(status: "Projecting.") == .sent)
    #expect(manager.next() == "READY=1\nSTATUS=Projecting.")
    #expect(notifier.ready() == .sent)
    #expect(manager.next() == "READY=1")
    #expect(notifier.reloading(monotonic: 123) == .sent)
    #expect(manager.next() == "RELOADING=1\nMONOTONIC_USEC=123")
    #expect(notifier.status("12 clocks run") == .sent)
    #expect(manager.next() == "STATUS=12 clocks run")
    #expect(notifier.watchdog() == .sent)
    #expect(manager.next() == "WATCHDOG=1")
    #expect(notifier.extendTimeout(microseconds: 5_000_000) == .sent)
    #expect(manager.next() == "EXTEND_TIMEOUT_USEC=5000000")
    #expect(notifier.stopping(status: "Draining.") == .sent)
    #expect(manager.next() == "STOPPING=1\nSTATUS=Draining.")
    #expect(manager.next() == nil)
  }

  @Test func theMomentOfAReloadIsMonotonic() throws {
    let manager = try Manager(abstract: true)
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    ServiceNotifier(socket: manager.address).reloading()
    let text = try #require(manager.next()?.split(separator: "=").last)
    let told = try #require(Int(text))
    #expect(told >= Int(now.tv_sec) * 1_000_000 + Int(now.tv_nsec) / 1000)
  }

  @Test func aStatusIsOneAssignment() throws {
    let manager = try Manager(abstract: true)
    let notifier = ServiceNotifier(socket: manager.address)
    #expect(notifier.status("a\nREADY=1\r\u{0}b") == .sent)
    #expect(manager.next() == "STATUS=a READY=1  b")
    #expect(notifier.status(String(repeating: "钟", count: 5000)) == .sent)
    #expect(manager.next() == "STATUS=" + String(repeating: "钟", count: 682))
  }

  @Test func withoutAManagerNothingIsSaid() {
    let long = "/" + String(repeating: "x", count: 200)
    for socket in [nil, "", "relative", "vsock:2:1234", "@", long] as [String?] {
      let notifier = ServiceNotifier(socket: socket)
      #expect(!notifier.isNeeded)
      #expect(notifier.ready() == .unneeded)
    }
  }

  @Test func aManagerThatIsAwayIsReported() {
    let notifier = ServiceNotifier(socket: "/nonexistent/notify")
    #expect(notifier.watchdog() == .failed(code: ENOENT))
  }

  @Test func aFullQueueDoesNotHoldTheService() throws {
    let manager = try Manager(abstract: true)
    let notifier = ServiceNotifier(socket: manager.address)
    var outcome = ServiceNotifier.Outcome.sent
    for _ in 0..<5000 where outcome == .sent { outcome = notifier.watchdog() }
    #expect(outcome == .failed(code: EAGAIN))
    #expect(manager.next() == "WATCHDOG=1")
  }

  /// What the manager waits for gets there though its queue stays full longer than any other message waits.
  @Test func readyWaitsForAFullQueue() async throws {
    let manager = try Manager(abstract: true)
    let notifier = ServiceNotifier(socket: manager.address)
    while notifier.watchdog() == .sent {}
    let ready = Task.detached { notifier.ready() }
    // As long as the others wait, and once more.
    #expect(notifier.watchdog() == .failed(code: EAGAIN))
    #expect(notifier.watchdog() == .failed(code: EAGAIN))
    var heard: [String] = []
    while let message = manager.next() { heard.append(message) }
    #expect(await ready.value == .sent)
    while let message = manager.next() { heard.append(message) }
    #expect(heard.last == "READY=1")
  }

  @Test func theWatchdogIsReadFromItsVariables() {
    #expect(ServiceNotifier.watchdogInterval(microseconds: "30000000", process: "7", own: 7) == 30_000_000)
    #expect(ServiceNotifier.watchdogInterval(microseconds: "30000000", process: nil, own: 7) == 30_000_000)
    #expect(ServiceNotifier.watchdogInterval(microseconds: "30000000", process: "8", own: 7) == nil)
    #expect(ServiceNotifier.watchdogInterval(microseconds: "0", process: nil, own: 7) == nil)
    #expect(ServiceNotifier.watchdogInterval(microseconds: "soon", process: nil, own: 7) == nil)
    #expect(ServiceNotifier.watchdogInterval(microseconds: nil, process: nil, own: 7) == nil)
  }
}
