import Foundation
import Testing

@testable import ServiceTime

/// Zone tables read from the system's files, against Foundation's zones.
@Suite struct ZoneFileTests {
  static let directory = "/usr/share/zoneinfo/"
  static let names = [
    "Asia/Shanghai", "Europe/Amsterdam", "Australia/Lord_Howe", "America/New_York", "America/Sao_Paulo",
    "America/St_Johns", "America/Havana", "America/Caracas", "Africa/Casablanca", "Africa/Cairo", "Asia/Tehran",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza", "Asia/Pyongyang", "Asia/Hong_Kong", "Asia/Urumqi",
    "Atlantic/Azores", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow", "Pacific/Apia", "Pacific/Chatham",
    "Pacific/Kiritimati", "Pacific/Auckland", "Antarctica/Troll", "Antarctica/Casey", "UTC", "Etc/GMT+5",
  ]

  static func table(_ name: String) throws -> TimeZoneTable {
    let bytes = try Data(contentsOf: URL(filePath: directory + name))
    return try require(TimeZoneTable(name: name, tzif: [UInt8](bytes)))
  }

  @Test(arguments: names) func offsets(_ name: String) throws {
    let table = try ZoneFileTests.table(name)
    let zone = try require(TimeZone(identifier: name))
    // Every second week of the handled range up to where files and rules are known to both, at shifting times.
    var seconds: [Int64] = []
    for week in 0..<1_730 { seconds.append(Int64(week) * 14 * 86_400 + Int64(week * 7_919 % 86_400)) }
    // And on both sides of every change.
    for transition in table.transitions where transition >= 0 && transition < 2_100_000_000 {
      seconds += [transition - 1, transition, transition + 3_599]
    }
    for second in seconds {
      let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
      let found = table.offset(at: Instant(seconds: second))
      #expect(Int(found) == expected, "\(name) at \(Instant(seconds: second))")
      if Int(found) != expected { return }
    }
  }

  /// The footer's rule carries on to the end of the century.
  @Test(arguments: [
    ("Europe/Amsterdam", "2090-07-01T12:00:00Z", 7200), ("Europe/Amsterdam", "2090-12-01T12:00:00Z", 3600),
    ("Australia/Lord_Howe", "2090-01-01T12:00:00Z", 39_600),
    ("Australia/Lord_Howe", "2090-07-01T12:00:00Z", 37_800),
    ("America/New_York", "2099-12-30T12:00:00Z", -18_000), ("Europe/Dublin", "2090-07-01T12:00:00Z", 3600),
    ("Europe/Dublin", "2090-12-01T12:00:00Z", 0), ("Asia/Shanghai", "2090-07-01T12:00:00Z", 28_800),
    // Amsterdam in 2099: the last Sundays of March and October, at 01:00 UTC.
    ("Europe/Amsterdam", "2099-03-29T00:59:59Z", 3600), ("Europe/Amsterdam", "2099-03-29T01:00:00Z", 7200),
    ("Europe/Amsterdam", "2099-10-25T00:59:59Z", 7200), ("Europe/Amsterdam", "2099-10-25T01:00:00Z", 3600),
  ])
  func rules(_ name: String, _ at: String, _ offset: Int32) throws {
    #expect(try ZoneFileTests.table(name).offset(at: ShippedPolicy.instant(at)) == offset)
  }

  /// Every zone of the system can be read, and every cut or spoilt file is refused or read as something sane.
  @Test func everyFile() throws {
    var read = 0
    for region in ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Pacific", "Indian"] {
      let names = try FileManager.default.contentsOfDirectory(atPath: ZoneFileTests.directory + region)
      for name in names {
        guard let data = try? Data(contentsOf: URL(filePath: ZoneFileTests.directory + region + "/" + name)) else {
          continue
        }
        let table = TimeZoneTable(name: name, tzif: [UInt8](data))
        #expect(table != nil, "\(region)/\(name)")
        read += 1
      }
    }
    #expect(read > 300)
  }

  @Test func spoiltFiles() throws {
    let whole = [UInt8](try Data(contentsOf: URL(filePath: ZoneFileTests.directory + "Europe/Amsterdam")))
    #expect(TimeZoneTable(name: "x", tzif: []) == nil)
    #expect(TimeZoneTable(name: "x", tzif: Array("TZif".utf8)) == nil)
    #expect(TimeZoneTable(name: "x", tzif: [0] + whole) == nil)
    var random = SeededGenerator(seed: 9636)
    for length in stride(from: 0, to: whole.count - 64, by: 37) {
      #expect(TimeZoneTable(name: "x", tzif: Array(whole[..<length])) == nil, "\(length)")
    }
    for _ in 0..<300 {
      var spoilt = whole
      for _ in 0..<4 { spoilt[random.pick(0...spoilt.count - 1)] = UInt8(random.pick(0...255)) }
      // Whatever comes of it, it does not end the program.
      _ = TimeZoneTable(name: "x", tzif: spoilt)?.offset(at: Instant(seconds: 1_790_000_000))
    }
  }
}
