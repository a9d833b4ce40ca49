import Feeds
import Journal
import ServiceLifecycle

/// Takes in what is posted for a feed of kind `http`: those that wait together are one batch and one commit.
struct PostService: Sendable {
  /// Most parcels that share a commit.
  static let groupParcels = 256
  /// Most bytes of parcels that share a commit, one larger parcel aside.
  static let groupBytes = 4 << 20

  let feed: ServedFeed
  let desk: PostDesk
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  /// Silenced when it is to end after the parcels in hand.
  let leave: Doorbell
  let state: DaemonState
  let heart: Heartbeat
  let metrics: DaemonMetrics

  /// Runs until graceful shutdown, or until it is to leave; what was handed in is finished.
  func run() async {
    let name = feed.description.name
    let queue = desk.open(name)
    await withTaskCancellationOrGracefulShutdownHandler {
      let intake = Intake(
        database: database, clock: clock, log: log, tellsGrowth: true, heart: heart, metrics: metrics)
      metrics.begins(feed: name)
      // Nothing lay there before: whoever posts waits for an answer.
      state.feedSeen(name)
      state.feedRead(name)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          while await leave.wait(atMost: .seconds(600)) {}
          desk.close(name)
        }
        var goesOn = true
        while goesOn {
          heart.beat(within: .seconds(60))
          goesOn = await queue.bell.wait(atMost: .seconds(60))
          await work(queue, intake)
        }
        group.cancelAll()
      }
      await intake.close()
    } onCancelOrGracefulShutdown: {
      leave.silence()
      desk.close(name)
    }
    heart.end()
  }

  /// Takes in all that waits.
  private func work(_ queue: ParcelQueue, _ intake: Intake) async {
    while true {
      let group = queue.next(
        parcels: PostService.groupParcels, bytes: PostService.groupBytes, records: FeedLimits.bodyRecords)
      if group.isEmpty { break }
      heart.away()
      let outcomes = await intake.take(group.map(\.parcel), of: feed.description)
      for (ticket, outcome) in zip(group, outcomes) { ticket.answer(outcome) }
    }
    heart.away()
    await intake.tellGrowth(of: feed.description.name)
  }
}
