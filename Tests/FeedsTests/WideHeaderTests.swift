import Testing

@testable import Feeds

/// A header row of about a megabyte: quarantine has it beside each row, memory has it once.
@Suite struct WideHeaderTests {
  static let columns = "case_id,type,occurred_at,名称," + String(repeating: "x", count: 1_000_000)

  private func batches(_ input: [UInt8], maximumRecords: Int = 20_000) throws -> [FeedBatch] {
    let reader = BatchReader(feed: .csv, maximumRecords: maximumRecords, bytes: input)
    var batches: [FeedBatch] = []
    while let batch = try reader.next(now: Reading.now) { batches.append(batch) }
    return batches
  }

  @Test(arguments: [SpreadsheetTests.Form.utf8, .gb18030, .utf16LittleMarked])
  func refusedRows(_ form: SpreadsheetTests.Form) throws {
    let rows = (0..<500).map { "row \($0)\n" }.joined()
    let batches = try batches(form.mark + form.encode(WideHeaderTests.columns + "\n" + rows))
    let rejects = batches.flatMap(\.rejects)
    #expect(rejects.map(\.raw) == (0..<500).map { form.encode("row \($0)") })
    let mark: [UInt8] = form == .gb18030 ? [0x84, 0x31, 0x95, 0x33] : form.mark
    #expect(rejects.last?.header == mark + form.encode(WideHeaderTests.columns))
    for batch in batches {
      let stored = batch.rejects.reduce(0) { $0 + $1.raw.count + ($1.header?.count ?? 0) }
      #expect(stored <= FeedLimits.quarantineBytes + 3 << 20)
    }
    // All rejects have the same bytes.
    let places = Set(rejects.map { $0.header?.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } })
    #expect(places.count == 1)
  }

  /// Each of them may turn out to be a conflict.
  @Test func rowsThatAreEvents() throws {
    let rows = (0..<500).map { "K\($0),accepted,2026-06-01T09:00:00+08:00,甲,\n" }.joined()
    let batches = try batches(Array((WideHeaderTests.columns + "\n" + rows).utf8))
    #expect(batches.reduce(0) { $0 + $1.events.count } == 500)
    for batch in batches { #expect(batch.events.count <= FeedLimits.quarantineBytes / 1_000_000 + 1) }
  }

  /// As wide as an office's tables are: the number of rows alone ends the batch.
  @Test func aUsualHeader() throws {
    let columns = "case_id,type,occurred_at," + (1...60).map { "办件字段\($0)" }.joined(separator: ",")
    let row = "K,accepted,2026-06-01T09:00:00+08:00" + String(repeating: ",", count: 60) + "\n"
    let input = Array((columns + "\n" + String(repeating: row, count: 20_001)).utf8)
    #expect(try batches(input).map(\.events.count) == [20_000, 1])
  }
}
