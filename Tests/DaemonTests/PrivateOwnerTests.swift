import Foundation
import LibPQ
import TestSupport
import Testing

/// Whose a private database is: root makes it for the daemon's user, and nobody starts a second server over one that
/// lives, whoever may look into whose processes.
@Suite(.alone, .enabled(if: Nobody.canRun, "this is not root, or nobody may not read the program"))
struct PrivateOwnerTests {
  private static let nobody: uid_t = 65534

  /// A state directory whose owner is root until it is given away.
  private struct State {
    let folder = "/tmp/bizclock-whose-\(UUID().uuidString.prefix(8))"
    var directory: String { folder + "/postgres" }
    var data: String { directory + "/data" }
    var note: String { data + "/postmaster.pid" }
    var owner: uid_t? {
      (try? FileManager.default.attributesOfItem(atPath: data))?[.ownerAccountID].flatMap { $0 as? NSNumber }?
        .uint32Value
    }
    var environment: [String: String] {
      ["BIZCLOCK_DATABASE": "private", "BIZCLOCK_STATE_DIRECTORY": folder, "BIZCLOCK_CONFIG": ""]
    }

    /// Makes it, and removes it with its server at the end.
    static func with(_ body: (State) async throws -> Void) async throws {
      let state = State()
      try FileManager.default.createDirectory(atPath: state.folder, withIntermediateDirectories: true)
      chmod(state.folder, 0o711)
      defer {
        try? ServerProcesses.kill(data: state.data)
        try? FileManager.default.removeItem(atPath: state.folder)
      }
      try await body(state)
    }

    /// As systemd does with a StateDirectory= whose owner is another.
    func giveToNobody() throws {
      #expect(try ProgramRun(program: "/usr/bin/env", ["chown", "-R", "\(nobody):\(nobody)", folder]).status == 0)
    }
  }

  @Test func rootMakesItForTheOwnerOfTheStateDirectory() async throws {
    try await State.with { state in
      try state.giveToNobody()
      let made = try await ProgramRun.finished(["migrate"], environment: state.environment)
      #expect(made.status == 0, "\(made.errors)")
      #expect(state.owner == PrivateOwnerTests.nobody)
      for used in [
        try Nobody.run(["verify"], environment: state.environment),
        try await ProgramRun.finished(["verify"], environment: state.environment),
      ] { #expect(used.status == 0, "\(used.errors)") }
    }
  }

  /// Root has made it as another user, and it was given to the daemon while its server runs: that lives on. Once it is
  /// gone the daemon takes the data over, though its number is a stranger's by then, and may log in.
  @Test func aServerOfAnotherUserIsLeftAlone() async throws {
    try await State.with { state in
      let cluster = try PrivateCluster(directory: state.directory)
      _ = try await cluster.start()
      #expect(state.owner != PrivateOwnerTests.nobody && state.owner != 0)
      let before = try String(contentsOfFile: state.note, encoding: .utf8)
      let server = try #require(ServerProcesses.all(data: state.data).first)
      try state.giveToNobody()
      let second = try Nobody.run(["migrate"], environment: state.environment)
      #expect(second.status == 69 && second.errors.contains("kill -INT \(server)"), "\(second.errors)")
      #expect(try String(contentsOfFile: state.note, encoding: .utf8) == before)
      #expect(ServerProcesses.all(data: state.data).first == server)

      try ServerProcesses.kill(data: state.data)
      let stranger = Process()
      stranger.executableURL = URL(filePath: "/usr/bin/env")
      stranger.arguments = ["sleep", "600"]
      stranger.standardOutput = FileHandle.nullDevice
      stranger.standardError = FileHandle.nullDevice
      try stranger.run()
      defer { kill(stranger.processIdentifier, SIGKILL) }
      try before.replacingOccurrences(of: "\(server)\n", with: "\(stranger.processIdentifier)\n")
        .write(toFile: state.note, atomically: false, encoding: .utf8)
      let after = try Nobody.run(["migrate"], environment: state.environment)
      #expect(after.status == 0, "\(after.errors)")
      #expect(stranger.isRunning)
    }
  }

  @Test func dataOfAnotherAreRefused() async throws {
    try await State.with { state in
      let cluster = try PrivateCluster(directory: state.directory)
      _ = try await cluster.start()
      try cluster.stop()
      let other = try Nobody.run(["migrate"], environment: state.environment)
      #expect(other.status == 78 && other.errors.contains("chown -R nobody \(state.directory)"), "\(other.errors)")
      // Nor does root take for its server's what is its own.
      chown(state.data, 0, 0)
      let own = try await ProgramRun.finished(["migrate"], environment: state.environment)
      #expect(own.status == 78 && own.errors.contains("\(state.data) belongs to root"), "\(own.errors)")
      #expect(!cluster.isRunning)
    }
  }
}
