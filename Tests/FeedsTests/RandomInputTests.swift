import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Feeds

/// Random and mutated inputs: nothing crashes and every line is accounted for; what counts as JSON is what another
/// parser takes for it.
@Suite struct RandomInputTests {
  static let fragments: [[UInt8]] =
    [
      "\n", "\r\n", "\r", "\"", "\"\"", ",", ";", "\t", "\\", "\\u", "\\u0000", "\\ud83d", "\\ud83d\\ude00", "{",
      "}", "[",
      "]", ":", "null", "true", "-", "1e5", "0.5", "01", " ", "\u{0}", "\u{FEFF}", "文", "４", "'", "4.69005E+17",
      "2026/9/1 8:05", "\"case_id\"", "\"tags\":[\"a\"]", "\"step\":", "\u{7f}", "\u{1}",
    ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE4, 0xB8], [0xCA, 0xDC], [0x80]]

  static let feeds: [FeedDescription] = {
    var ndjson = FeedDescription.native
    ndjson.keep = ["note"]
    ndjson.timeZone = .amsterdam
    ndjson.knownProcesses = ["opening"]
    ndjson.mapping = [.type: FeedDescription.Mapping(column: "kind", values: ["1": "accepted"], otherwise: "other")]
    var csv = FeedDescription.csv
    csv.keep = ["note"]
    csv.timeZone = .shanghai
    csv.defaults = [.type: "accepted", .tags: "a;b"]
    return [.native, ndjson, .csv, csv]
  }()

  static func check(_ input: [UInt8], _ feed: FeedDescription, seed: UInt64) throws {
    let mark = input.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let reading = try Reading(input, feed: feed)
    let isCSV = feed.format == .csv
    let lineBreak = isCSV ? input.withUnsafeBufferPointer { CSVLayout.lineBreak(of: $0, isWhole: true) } : 0x0A
    let losses = reading.losses(of: input, mark: mark, rows: isCSV, lineBreak: lineBreak)
    #expect(losses == [], "seed \(seed): \(input)")
    let chunk = 1 + Int(seed % 9)
    #expect(try Reading(input, feed: feed, chunk: chunk) == reading, "seed \(seed): \(input)")
    for event in reading.events {
      let names = [event.caseID.text, event.eventID.text, event.source.text, event.type.name]
      #expect(names.allSatisfy { !$0.isEmpty && $0.utf8.count <= 1020 && !$0.utf8.contains(0) }, "seed \(seed)")
      if let kept = event.kept {
        #expect((try? JSONSerialization.jsonObject(with: Data(kept.utf8))) != nil, "seed \(seed): \(kept)")
      }
    }
    for reject in reading.rejects {
      #expect(!reject.message.isEmpty)
      #expect(!reject.message.unicodeScalars.contains { Excerpt.isUnsafe($0) }, "seed \(seed): \(reject.message)")
      if let column = reject.position.column {
        #expect((1...reject.rawLength + 1).contains(column), "seed \(seed)")
      }
    }
  }

  @Test func randomBytes() throws {
    for seed in UInt64(1)...400 {
      var random = SeededGenerator(seed: seed)
      var input: [UInt8] = []
      for _ in 0..<Int.random(in: 0...40, using: &random) {
        input += RandomInputTests.fragments.randomElement(using: &random) ?? []
        if Bool.random(using: &random) { input.append(UInt8.random(in: 0...255, using: &random)) }
      }
      for feed in RandomInputTests.feeds { try RandomInputTests.check(input, feed, seed: seed) }
    }
  }

  @Test func mutatedFiles() throws {
    let ndjson = Array(
      (NDJSONRejectTests.event(#""note":{"a":[1,"\u4e2d"]},"tags":["x"],"kind":1,"region":"469005""#) + "\n\n"
        + NDJSONRejectTests.event(#""event_id":"2","type":"extended","extend_days":3,"sequence":7"#) + "\n").utf8)
    let csv = Array(
      ("case_id,type,occurred_at,note,tags,sequence\n'c-1,accepted,2026/9/1 8:05,\"a \"\"b\"\"\nc\",x;y,7\n"
        + "\"c-2\",completed,2026-09-02T10:00:00Z,,,\r\n").utf8)
    for seed in UInt64(1)...1_500 {
      var random = SeededGenerator(seed: seed)
      let index = Int(seed % 4)
      let feed = RandomInputTests.feeds[index]
      let input = random.mutated(index < 2 ? ndjson : csv, fragments: RandomInputTests.fragments)
      try RandomInputTests.check(input, feed, seed: seed)
    }
  }

  /// Whether the scanner takes the whole line for one JSON object.
  static func isObject(_ line: [UInt8]) -> Bool {
    line.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return false }
      var scanner = JSONScanner(base: base, count: bytes.count)
      scanner.skipBlanks()
      guard scanner.current == UInt8(ascii: "{") else { return false }
      do throws(JSONScanner.Fault) {
        try scanner.skipValue(level: 1)
      } catch {
        return false
      }
      scanner.skipBlanks()
      return scanner.at == scanner.end
    }
  }

  @Test func acceptsTheSameJSONAsFoundation() throws {
    let documents = [
      #"{"a":[1,-2.5e+3,0,{"b":null}],"c":"d\n\u4e2d\ud83d\ude00","e":true,"f":false,"":{}}"#,
      #" { "x" : [ ] , "y" : [ [ ] , { } ] , "文昌" : "海\\南\/" } "#, #"{"n":[0.1,1E5,1e-5,-0,123456789,10.00]}"#,
      #"{"case_id":"c","type":"accepted","occurred_at":"2026-09-18T10:00:00Z","tags":["a","b"],"sequence":12}"#,
    ].map { Array($0.utf8) }
    // A NUL may make the other parser guess another encoding, and this one refuses its escape for another reason.
    let fragments = RandomInputTests.fragments.filter {
      !$0.contains(0) && $0 != Array("\\u0000".utf8) && $0 != [0x0A]
    }
    var accepted = 0
    for seed in UInt64(1)...3_000 {
      var random = SeededGenerator(seed: seed)
      let line = random.mutated(documents[Int(seed % UInt64(documents.count))], fragments: fragments)
      guard !line.contains(0), !line.contains(0x0A), line.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"),
        !String(decoding: line, as: UTF8.self).contains("\\u0000")
      else { continue }
      // Where Foundation departs from RFC 8259: it passes a comma at the end of an array or object, and refuses
      // numbers past the range of Double.
      let text = String(decoding: line, as: UTF8.self)
      guard !text.contains(#/[eE][+-]?[0-9]{3}/#) else { continue }
      let isLenient = text.contains(#/,[ \t\r]*[\]}]/#)
      let theirs = (try? JSONSerialization.jsonObject(with: Data(line))) is [String: Any]
      let mine = RandomInputTests.isObject(line)
      #expect(mine == theirs || isLenient && !mine, "seed \(seed): \(text)")
      // The decoder of lines takes for JSON what the scanner does.
      let codes = try Reading(line, feed: .native).rejects.map(\.code)
      #expect(mine == (!codes.contains(.badJSON) && !codes.contains(.badEncoding)), "seed \(seed): \(text)")
      if theirs { accepted += 1 }
    }
    #expect(accepted > 200)
  }
}
