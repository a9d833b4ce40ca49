import Foundation
import TestSupport
import Testing

/// A systemd-journald of the test's own, with a /run of its own; it ends with the value.
final class RealJournal: Sendable {
  /// Why it cannot run here; nil where it can.
  static let obstacle: String? = {
    guard geteuid() == 0 else { return "not root" }
    for path in [daemon, "/usr/bin/journalctl", "/usr/bin/unshare", "/usr/bin/nsenter", "/etc/machine-id"] {
      guard access(path, R_OK) == 0 else { return "\(path) is not there" }
    }
    let trial = try? ProgramOutput.of(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"])
    return trial?.status == 0 ? nil : "no mount namespace of one's own"
  }()

  private static let daemon = "/lib/systemd/systemd-journald"

  /// The socket, as this process sees it.
  var path: String { directory.appending(path: "systemd/journal/socket").path }

  private let directory: URL
  private let process: Process

  /// Starts one and waits until it says that it serves.
  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
    for name in ["systemd/journal", "systemd/journald.conf.d", "log/journal"] {
      try FileManager.default.createDirectory(
        at: directory.appending(path: name), withIntermediateDirectories: true)
    }
    // It keeps out of the machine's own affairs, and takes every record.
    let settings = """
      [Journal]
      Storage=volatile
      Audit=no
      ReadKMsg=no
      ForwardToWall=no
      RateLimitIntervalSec=0

      """
    try settings.write(
      to: directory.appending(path: "systemd/journald.conf.d/test.conf"), atomically: true, encoding: .utf8)
    let manager = try JournalReceiver()
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/unshare")
    process.arguments = [
      "--mount", "--propagation", "private", "sh", "-c", "mount --bind \"$1\" /run && exec \"$2\"", "sh",
      directory.path, RealJournal.daemon,
    ]
    process.environment = [
      "NOTIFY_SOCKET": manager.path, "SYSTEMD_LOG_TARGET": "null", "PATH": "/usr/bin:/bin:/sbin",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    var isReady = false
    while !isReady, manager.wait() { isReady = manager.all().contains { $0.text.contains("READY=1") } }
    try #require(isReady)
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: directory)
  }

  /// The entries that match, as journalctl gives them, all that was sent included.
  func entries(_ match: String) throws -> [[String: Any]] {
    let enter = ["nsenter", "--mount", "--target", "\(process.processIdentifier)"]
    let sync = try ProgramOutput.of(enter + ["journalctl", "--sync"])
    try #require(sync.status == 0, "\(sync.errors)")
    let read = try ProgramOutput.of(
      enter + ["journalctl", "--directory=/run/log/journal", "--all", "--no-pager", "-o", "json", match])
    try #require(read.status == 0, "\(read.errors)")
    return try String(decoding: read.output, as: UTF8.self).lines.map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }
}
