import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// Guarantee 9 with several daemons at work: rules that come into force under load are those of everything afterwards.
@Suite(.serialized, .alone) struct PolicyUnderLoadTests {
  /// Two daemons take in while the promise changes twice; in the end all is as if the last had been in force from the
  /// beginning, and at no moment did anything stand by two policies.
  @Test func twoDaemonsJudgeByOnePolicy() async throws {
    let seed = UInt64.random(in: 1...1_000_000)
    let load = try Load(seed: seed, files: 12)
    try await TestCluster.shared.withDatabase { conninfo in
      let folders = try (0..<2).map { _ in try OfficeFolder(conninfo: conninfo) }
      defer { for folder in folders { folder.remove() } }
      try await folders[0].migrate()
      let daemons = [try folders[0].start(), try folders[1].start()]
      for daemon in daemons { try await daemon.logged("ready") }
      for (round, limit) in [5, 1].enumerated() {
        for (number, file) in load.files.enumerated() where number / 4 == round {
          try folders[number % 2].put(file)
        }
        try await folders[0].moved(load.files[4 * round].name)
        let draft = try PolicyUnderLoadTests.draft(folders[0], limit: limit)
        let applied = try await ProgramRun.finished([
          "policy", "apply", draft, "--restate", "--reason", "round \(round)", "--config",
          folders[0].path + "/bizclock.yaml",
        ])
        #expect(applied.status == 0, "seed \(seed): \(applied.errors)")
        // While both go on.
        let verified = try await ProgramRun.finished(["verify", "--config", folders[0].path + "/bizclock.yaml"])
        #expect(verified.status == 0, "seed \(seed): \(verified.output)\(verified.errors)")
      }
      for (number, file) in load.files.enumerated() where number / 4 >= 2 { try folders[number % 2].put(file) }
      for (number, folder) in folders.enumerated() {
        try await folder.finished(
          Load(files: load.files.indices.filter { $0 % 2 == number }.map { load.files[$0] }))
      }
      let found = try await folders[0].result()
      let verified = try await ProgramRun.finished(["verify", "--config", folders[0].path + "/bizclock.yaml"])
      #expect(verified.status == 0, "seed \(seed): \(verified.output)\(verified.errors)")
      for daemon in daemons {
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
      #expect(daemons.flatMap(\.records).contains { $0["event"] == "leader.deposed" }, "seed \(seed)")
      let expected = try await PolicyUnderLoadTests.undisturbed(load, limit: 1)
      #expect(found.count == expected.count, "seed \(seed)")
      for (there, here) in zip(expected, found) where there != here {
        Issue.record("seed \(seed): \(here) instead of \(there)")
        break
      }
    }
  }

  /// The shipped policy with another limit for openings since 2019.
  private static func draft(_ office: OfficeFolder, limit: Int) throws -> String {
    let path = office.path + "/policy.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let line = try #require(
      text.split(separator: "\n").first {
        $0.contains("from: 2019-01-01, limit: ") && $0.contains("legal_limit: 5 working_days")
      }
    ).description
    let words = line.split(separator: "limit: ", maxSplits: 1).map(String.init)
    let rest = words[1].drop { $0 != " " }
    let changed = text.replacing(line, with: "\(words[0])limit: \(limit)\(rest)")
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static func undisturbed(_ load: Load, limit: Int) async throws -> [String] {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      _ = try draft(office, limit: limit)
      try await office.migrate()
      for file in load.files { try office.put(file) }
      let daemon = try office.start()
      try await office.finished(load)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      return try await office.result()
    }
  }
}
