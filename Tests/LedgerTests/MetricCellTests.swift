import ServiceTime
import Testing

@testable import Ledger

/// What a metric cell adds up to is exact, however much it is.
@Suite struct MetricCellTests {
  /// Cells are compared a page at a time, in halves of the days as well; however they are cut, each is met once.
  @Test func cellsAreComparedInPages() async throws {
    let events = try OrderTests.simulated(cases: 60)
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, events)
      try await ledger.connection.run { session in
        var part = Verifier.Part()
        part.metrics = try MetricReader.cells(&session)
        let (all, middle) = (part.metrics.cells.count, part.middleDay)
        #expect(all > 50)
        for size in [1, 7, all, 20_000] {
          let whole = try part.differingCells(pageSize: size, &session)
          let before = try part.differingCells(before: middle, pageSize: size, &session)
          let after = try part.differingCells(from: middle, pageSize: size, &session)
          #expect(whole.cells == all && before.cells + after.cells == all && before.cells > 0 && after.cells > 0)
          #expect(whole.differenceCount + before.differenceCount + after.differenceCount == 0)
        }
        _ = try session.execute("UPDATE bizclock.metric_cell SET finished = finished + 1")
        #expect(try part.differingCells(pageSize: 7, &session).differenceCount == all)
      }
    }
  }

  /// A register that dates its cases 1970-01-01 puts some hundred thousand clocks of 20,000 counted days into one cell.
  @Test func countedDaysBeyond32Bits() async throws {
    try await TestLedger.with { ledger async throws in
      let series = SeriesKey(
        basis: .stop, commitment: "opening", versionFrom: CivilDate(year: 2019, month: 1, day: 1),
        dimensions: Dimensions(
          process: "opening", region: "", channel: "", entityType: "enterprise", reportTag: ""),
        outcome: "completed")
      let day = CivilDate(year: 2026, month: 6, day: 5)
      var sums = CellSums()
      sums.finished = 150_000
      sums.late = 150_000
      sums.countedDays = 150_000 * 20_000
      let (told, twice) = (sums, 2 * 150_000 * 20_000)
      let cells = try await ledger.connection.run { session -> [MetricDelta] in
        try DeltaWriter.prepare(&session)
        var cells: [MetricDelta] = []
        var taken = CellSums()
        taken.add(told, times: -1)
        for change in [told, told, taken, taken] {
          var numbers = MetricSeries()
          var delta = MetricDelta()
          delta.add(change, at: CellPlace(day: day, series: delta.place(of: series)), times: 1)
          try session.begin()
          try MetricWriter.write(delta, &numbers, &session)
          try session.commit()
          cells.append(try MetricReader.cells(&session))
        }
        return cells
      }
      #expect(
        cells.map { $0.cells.values.first?.countedDays } == [told.countedDays, Int64(twice), told.countedDays, nil])
      #expect(cells.dropLast().allSatisfy { $0.series == [series] && $0.cells.keys.map(\.day) == [day] })
      #expect(cells.last?.cells.isEmpty == true)
    }
  }
}
