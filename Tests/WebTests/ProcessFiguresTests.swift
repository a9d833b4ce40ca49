import Foundation
import Testing

@testable import Web

/// What the kernel knows of this process.
@Suite struct ProcessFiguresTests {
  @Test(
    arguments: [
      ("1 (a) S 2 3 4 5 6 7 8 9 10 11 120 30 14 15 16 17 18 19 2000 21 22 23", 150, 2000, 22),
      ("1 (a ) b(c)) R 2 3 4 5 6 7 8 9 10 11 1 0 14 15 16 17 18 19 5 21 7 23", 1, 5, 7),
    ] as [(String, UInt64, UInt64, UInt64)])
  func statIsRead(_ text: String, _ ticks: UInt64, _ start: UInt64, _ pages: UInt64) throws {
    let status = try #require(ProcessFigures.Status(text))
    #expect(status.ticks == ticks && status.startTicks == start && status.pages == pages)
  }

  @Test(arguments: ["", "1 (a", "1 (a) S 2 3", "1 (a) S 2 3 4 5 6 7 8 9 10 11 x 30 14 15 16 17 18 19 20 21 22 23"])
  func whatIsNoStatIsRefused(_ text: String) { #expect(ProcessFigures.Status(text) == nil) }

  @Test func theFiguresArePlausible() throws {
    var values: [String: Double] = [:]
    for family in ProcessFigures.families() {
      guard case .number(let value)? = family.samples.first?.value else { continue }
      values[family.name] = value
    }
    let now = Date().timeIntervalSince1970
    let start = try #require(values["process_start_time_seconds"])
    #expect(start > now - 86_400 && start <= now + 1)
    #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
    #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
    let before = try #require(values["process_open_fds"])
    #expect(before >= 3)
  }
}
