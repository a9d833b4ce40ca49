import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import Settings
import Synchronization

/// What another list of feeds changes, by name, in the order of the lists.
public struct FeedChange: Sendable, Equatable {
  /// Feeds that were not there.
  public var added: [String] = []
  /// Feeds that are read otherwise, or from elsewhere.
  public var changed: [String] = []
  /// Feeds that are there no more.
  public var removed: [String] = []
  /// Whether the lists are the same.
  public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
}

/// Takes in what the feeds bring, a spool and a watch over its silence for each, and moves to another list while it
/// runs: what is new begins, what is gone ends after the file in hand, what has changed does both, the others go on
/// undisturbed.
final class FeedsService: Service {
  /// A feed at work.
  private struct Post {
    var feed: ServedFeed
    /// Silenced when it is to end after the file in hand.
    let leave = Doorbell()
    /// Rung when its silence is to be looked at anew.
    let bell = Doorbell()
  }

  private struct State {
    var wanted: [ServedFeed]
    /// By name; those that leave stay until they have ended.
    var posts: [String: Post] = [:]
    /// Of spools, by directory.
    var watchers: [String: SpoolWatcher] = [:]
    /// Whether the first feeds have begun: what they find was there before the daemon.
    var hasBegun = false
  }

  private let parts: Parts
  /// Rung when something is to begin or has ended.
  private let bell = Doorbell()
  private let current: Mutex<State>
  private let places = SpoolPlaces()

  /// What every feed's services are made with.
  struct Parts: Sendable {
    var database: DatabaseSource
    var clock: any WallClock
    var alarm: SharedAlarm
    var log: any LogSink
    var batch: Int
    var state: DaemonState
    var beats: Heartbeats
    var metrics: DaemonMetrics
    var desk: PostDesk
  }

  init(_ feeds: [ServedFeed], _ parts: Parts) {
    self.parts = parts
    current = Mutex(State(wanted: feeds))
    parts.state.setFeeds(feeds.map(\.description.name))
    parts.desk.setFeeds(FeedsService.posted(feeds))
  }

  private static func posted(_ feeds: [ServedFeed]) -> [String] {
    feeds.filter { $0.origin == .posts }.map(\.description.name)
  }

  /// Moves to another list of feeds; what that changes. Returns at once: a file in hand may take its time.
  func move(to feeds: [ServedFeed]) -> FeedChange {
    let change = current.withLock { state -> FeedChange in
      let change = FeedChange(from: state.wanted, to: feeds)
      let others = Set(change.added + change.changed)
      let before = Dictionary(state.wanted.map { ($0.description.name, $0) }, uniquingKeysWith: { $1 })
      // What goes on keeps its very description: it knows the processes of the rules in force.
      state.wanted = feeds.map { feed in
        let name = feed.description.name
        return others.contains(name) ? feed : before[name] ?? feed
      }
      return change
    }
    parts.state.setFeeds(feeds.map(\.description.name))
    parts.desk.setFeeds(FeedsService.posted(feeds))
    bell.ring()
    return change
  }

  /// The directories of the feeds that are wanted.
  var directories: [String] { current.withLock { $0.wanted.compactMap(\.directory) } }

  /// Has the silence of every feed looked at anew.
  func ringWatches() {
    let bells = current.withLock { $0.posts.values.map(\.bell) }
    for bell in bells { bell.ring() }
  }

  /// Runs until graceful shutdown.
  func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.clearMarks(of: nil) }
        repeat {
          for post in self.due() { group.addTask { await self.serve(post) } }
        } while await self.bell.wait(atMost: .seconds(600))
      }
    } onCancelOrGracefulShutdown: {
      self.bell.silence()
    }
  }

  /// Has those end that are not wanted as they are, and gives those that can begin: a name and what is reserved have
  /// one reader at a time.
  private func due() -> [Post] {
    current.withLock { state in
      let wanted = Dictionary(state.wanted.map { ($0.description.name, $0) }, uniquingKeysWith: { $1 })
      for (name, post) in state.posts where wanted[name] != post.feed { post.leave.silence() }
      let held = Set(state.posts.values.compactMap(\.feed.reserved))
      let fresh = state.wanted.filter { feed in
        state.posts[feed.description.name] == nil && !(feed.reserved.map { held.contains($0) } ?? false)
      }
      let posts = fresh.map { Post(feed: $0) }
      for post in posts { state.posts[post.feed.description.name] = post }
      let directories = Set((state.wanted + state.posts.values.map(\.feed)).compactMap(\.directory))
      state.watchers = state.watchers.filter { directories.contains($0.key) }
      for directory in directories where state.watchers[directory] == nil {
        state.watchers[directory] = SpoolWatcher(directory, among: places, atStart: !state.hasBegun)
      }
      state.hasBegun = true
      return posts
    }
  }

  /// Serves a feed until it is to leave, or the daemon ends.
  private func serve(_ post: Post) async {
    let name = post.feed.description.name
    parts.state.forgetFeed(name)
    let watch = FeedWatch(
      feed: post.feed, database: parts.database, clock: parts.alarm.face(), log: parts.log, bell: post.bell,
      state: parts.state, heart: parts.beats.loop("silence of \(name)"))
    let hasMarked = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await watch.run() }
      await takeIn(post)
      group.cancelAll()
      return await group.contains(true)
    }
    let isGone = current.withLock { state -> Bool in
      state.posts[name] = nil
      return !state.wanted.contains { $0.description.name == name }
    }
    parts.state.forgetFeed(name)
    bell.ring()
    if isGone { await clearMarks(of: hasMarked ? name : nil) }
  }

  /// Takes in what a feed brings, in its own way, until it is to leave or the daemon ends.
  private func takeIn(_ post: Post) async {
    let feed = post.feed
    let heart = parts.beats.loop("feed \(feed.description.name)")
    switch feed.origin {
    case .spool(let directory):
      guard let watcher = current.withLock({ $0.watchers[directory] }) else { return }
      await SpoolService(
        feed: feed, directory: directory, watcher: watcher, database: parts.database, clock: parts.clock,
        log: parts.log, batch: parts.batch, stop: Doorbell(), leave: post.leave, state: parts.state, heart: heart,
        metrics: parts.metrics
      ).run()
    case .exchange(let upstream):
      await ExchangeService(
        feed: feed.description, upstream: upstream, database: parts.database, clock: parts.clock, log: parts.log,
        leave: post.leave, watch: post.bell, state: parts.state, heart: heart, metrics: parts.metrics
      ).run()
    case .posts:
      await PostService(
        feed: feed, desk: parts.desk, database: parts.database, clock: parts.clock, log: parts.log,
        leave: post.leave, state: parts.state, heart: heart, metrics: parts.metrics
      ).run()
    }
  }

  /// Takes the mark of silence off feeds that nobody watches any more: off one whose mark this daemon set, and where no
  /// other daemon runs off all that are not configured here.
  private func clearMarks(of gone: String?) async {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        let kept = current.withLock { $0.wanted.map(\.description.name) }
        do {
          let connection = try await parts.database.connect(.ask)
          let cleared = try await connection.run {
            try FeedRegister.clearUnwatched(keeping: kept, own: gone, on: &$0)
          }
          await connection.close()
          for name in cleared { sayCleared(name) }
          return
        } catch let error as PostgresError where !error.isRetryable {
          return
        } catch {
          // A database that is away is the leader's to tell; here it is only asked again.
          try? await Task.sleep(for: .seconds(5))
        }
      }
    }
  }

  private func sayCleared(_ name: String) {
    _ = parts.log.write(
      LogRecord(
        time: parts.clock.microseconds(), priority: .notice, event: .feedResumed,
        message: "Feed \(name) counts as silent no longer: it is not configured any more.",
        fields: ["feed": .text(name)]))
  }
}

extension FeedChange {
  /// The difference of two lists; the processes that a feed's events may name are the policy's affair, not the list's.
  init(from old: [ServedFeed], to new: [ServedFeed]) {
    let before = Dictionary(old.map { ($0.description.name, $0) }, uniquingKeysWith: { $1 })
    for feed in new {
      guard var known = before[feed.description.name] else {
        added.append(feed.description.name)
        continue
      }
      known.description.knownProcesses = feed.description.knownProcesses
      if known != feed { changed.append(feed.description.name) }
    }
    let names = Set(new.map(\.description.name))
    removed = old.map(\.description.name).filter { !names.contains($0) }
  }
}
