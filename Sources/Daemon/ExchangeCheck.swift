import Feeds
import ServiceTime
import Settings

/// A dry run over an exchange database: nothing is taken in.
public enum ExchangeCheck {
  /// Rows that are read of each table.
  static let rowsPerTable = 1_000

  /// Reads the first rows of each table as the feed would; `rows` is how many events are shown.
  public static func survey(
    _ settings: FeedSettings, _ feed: FeedDescription, calendar: WorkCalendar?, rows: Int, now: Instant
  ) async throws -> FeedSurvey {
    guard let upstream = ExchangeUpstream(settings), let exchange = feed.exchange else { return FeedSurvey() }
    let source = try await ExchangeSource.connect(upstream.conninfo, feed: feed, exchange: exchange)
    var surveyor = ExchangeSurveyor(feed: feed, calendar: calendar, rows: rows)
    for table in ExchangeTable.allCases {
      for from in [ExchangeQuery.From.unnamed(since: "", behind: nil), .version("")] {
        for keyed in try await source.page(table, from: from, limit: rowsPerTable) {
          surveyor.add(keyed.row, now: now)
        }
      }
    }
    await source.close()
    return surveyor.found()
  }
}
