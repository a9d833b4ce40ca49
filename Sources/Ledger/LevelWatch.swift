import ServiceTime
import Synchronization

/// The levels that come next, kept in the leader's memory for the time when the database is away.
///
/// It is read from the database once a term and from time to time, and follows every batch that the leader projects
/// since. It looks ahead no further than `horizon`, and holds no more than `capacity` levels, the earliest ones.
public final class LevelWatch: Sendable {
  /// How far it looks ahead, in microseconds.
  public static let horizon: Int64 = 24 * 3_600_000_000
  /// How many levels it holds at most.
  public let capacity: Int

  /// A level of a case; its names are places in `names`, for a hundred thousand of them have the same few.
  struct Reach: Sendable {
    var at: Instant
    var dueAt: Instant
    var round: Int32
    var revision: Int32
    var commitment: UInt16
    var level: UInt16
    var calendar: UInt16
    var priority: Level.Priority
    var notify: Level.Addressee?
  }

  /// A case and its levels that come within the horizon.
  struct Entry: Sendable {
    var region: String?
    var grid: String?
    var serviceWindow: String?
    var reaches: [Reach]

    /// The same without levels after an instant; nil if that leaves none.
    func cut(after instant: Instant) -> Entry? {
      var entry = self
      entry.reaches.removeAll { $0.at > instant }
      return entry.reaches.isEmpty ? nil : entry
    }
  }

  /// Names given once each.
  struct Names: Sendable {
    private(set) var texts: [String] = []
    private var places: [String: UInt16] = [:]

    /// The place of a name; the last one where there are too many.
    mutating func place(_ text: String) -> UInt16 {
      if let place = places[text] { return place }
      let place = UInt16(clamping: texts.count)
      if place < .max {
        texts.append(text)
        places[text] = place
      }
      return place
    }

    subscript(place: UInt16) -> String { Int(place) < texts.count ? texts[Int(place)] : "" }
  }

  /// What it holds at a moment.
  public struct Contents: Sendable {
    var entries: [Identifier: Entry] = [:]
    var names = Names()
    /// Levels up to here are held.
    public var until = Instant(microseconds: .min)
    /// How many levels it holds.
    public internal(set) var count = 0

    /// Nothing.
    public init() {}

    /// Hands every level to a body, in no order.
    public func forEach(_ body: (WatchedLevel) -> Void) {
      for (caseID, entry) in entries { for reach in entry.reaches { body(level(caseID, entry, reach)) } }
    }

    func level(_ caseID: Identifier, _ entry: Entry, _ reach: Reach) -> WatchedLevel {
      WatchedLevel(
        id: AlertID(
          caseID: caseID.text, commitment: names[reach.commitment], round: reach.round, level: names[reach.level],
          revision: reach.revision),
        priority: reach.priority, dueAt: reach.dueAt, levelAt: reach.at, calendar: names[reach.calendar],
        notify: reach.notify, region: entry.region, grid: entry.grid, serviceWindow: entry.serviceWindow)
    }

    mutating func put(_ entry: Entry?, for caseID: Identifier) {
      if let entry { count += entry.reaches.count }
      if let old = entry.map({ entries.updateValue($0, forKey: caseID) }) ?? entries.removeValue(forKey: caseID) {
        count -= old.reaches.count
      }
    }

    /// Adds a level to what is held of its case.
    public mutating func add(_ level: WatchedLevel) {
      let reach = Reach(
        at: level.levelAt, dueAt: level.dueAt, round: level.id.round, revision: level.id.revision,
        commitment: names.place(level.id.commitment), level: names.place(level.id.level),
        calendar: names.place(level.calendar), priority: level.priority, notify: level.notify)
      let caseID = Identifier(level.id.caseID)
      entries[
        caseID,
        default: Entry(region: level.region, grid: level.grid, serviceWindow: level.serviceWindow, reaches: [])
      ].reaches.append(reach)
      count += 1
    }

    /// Drops the levels up to an instant.
    mutating func drop(through: Instant) {
      for caseID in entries.filter({ $0.value.reaches.contains { $0.at <= through } }).keys {
        guard var entry = entries[caseID] else { continue }
        entry.reaches.removeAll { $0.at <= through }
        put(entry.reaches.isEmpty ? nil : entry, for: caseID)
      }
    }

    /// Keeps the earliest levels where there are more than `capacity`, and says in `until` how far they reach.
    mutating func cut(to capacity: Int) {
      guard count > capacity else { return }
      var instants: [Instant] = []
      instants.reserveCapacity(count)
      for entry in entries.values { for reach in entry.reaches { instants.append(reach.at) } }
      instants.sort()
      let last = instants[capacity - 1]
      // Of those at the last instant as many as there is room for: better some of them than none.
      var room = instants[..<capacity].count { $0 == last }
      until = last
      for caseID in entries.filter({ $0.value.reaches.contains { $0.at >= last } }).keys {
        guard var entry = entries[caseID] else { continue }
        entry.reaches.removeAll { reach in
          guard reach.at == last else { return reach.at > last }
          room -= 1
          return room < 0
        }
        put(entry.reaches.isEmpty ? nil : entry, for: caseID)
      }
    }
  }

  fileprivate struct State {
    var contents = Contents()
    /// Whom levels are for, and the rules' other words; nil while this daemon does not lead.
    var addressees: Addressees?
    /// Whether what it holds must be read anew.
    var isOutdated = false
    /// Cases that changed since the reading that is on began; nil while none is.
    var changed: [Identifier: Entry?]?
    /// How far the reading that is on looks ahead.
    var ahead = Instant(microseconds: .min)
    /// Counts the readings, so that one that was overtaken is not taken in.
    var reading = 0
    /// Counts the changes of what it holds.
    var version = 0
    /// The instant for which whoever waits has set his alarm.
    var armed: Instant?
    var wake: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// A watch that holds nothing yet.
  public init(capacity: Int = 100_000) { self.capacity = capacity }

  /// What it holds now.
  public var contents: Contents { state.withLock { $0.contents } }

  /// Counts the changes of what it holds.
  public var version: Int { state.withLock { $0.version } }

  /// Calls `wake` when a level comes to be known that is earlier than what `next` gave last.
  public func whenEarlier(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

  /// A term was won: what is held is read anew soon.
  public func follow(_ projector: Projector) {
    state.withLock {
      $0.addressees = projector.addressees
      $0.isOutdated = true
    }
    projector.watch = self
  }

  /// Another daemon leads: nothing is held.
  public func clear() {
    state.withLock { state in
      state.addressees = nil
      state.isOutdated = false
      state.changed = nil
      state.reading += 1
      guard state.contents.count > 0 else { return }
      state.contents = Contents()
      state.version += 1
    }
  }

  /// Rows were changed without their cases being told: what is held must be read anew.
  func outdate() { state.withLock { $0.isOutdated = true } }

  /// Whether it is to be read anew: it is outdated, or what it looks ahead to has become little.
  public func wantsReading(now: Instant) -> Bool {
    state.withLock { state in
      guard state.addressees != nil else { return false }
      let ahead = state.contents.until
      // Cut short, it is read again when half of it is used up; else when half of the time is.
      let isShort = ahead < now + LevelWatch.horizon / 2 && state.contents.count <= capacity / 2
      return state.isOutdated || isShort || ahead <= now
    }
  }

  /// Takes what was known when the program ended.
  public func restore(_ contents: Contents) {
    state.withLock { state in
      state.contents = contents
      state.version += 1
    }
  }

  /// Takes in cases as they stand once their batch has committed.
  func take(_ touched: [(Identifier, CachedCase)]) {
    let wake = state.withLock { state -> (@Sendable () -> Void)? in
      guard let addressees = state.addressees else { return nil }
      var earliest: Instant?
      for (caseID, cached) in touched {
        var entry = state.entry(cached, addressees)
        if state.changed != nil {
          // What is read looks further ahead than what is held.
          state.changed?[caseID] = .some(entry)
          entry = entry?.cut(after: state.contents.until)
        }
        guard entry != nil || state.contents.entries[caseID] != nil else { continue }
        for reach in entry?.reaches ?? [] { earliest = min(earliest ?? reach.at, reach.at) }
        state.contents.put(entry, for: caseID)
        state.version += 1
      }
      if state.changed.map({ $0.count > 2 * capacity }) ?? false {
        // More than is kept aside: the reading begins anew.
        state.changed = nil
        state.reading += 1
        state.isOutdated = true
      }
      if state.contents.count > capacity + capacity / 4 { state.contents.cut(to: capacity) }
      guard let earliest, state.armed.map({ earliest < $0 }) ?? true else { return nil }
      return state.wake
    }
    wake?()
  }

  /// Drops the levels up to an instant, for they were raised, and gives the earliest of the others.
  public func next(after raised: Instant?) -> Instant? {
    state.withLock { state in
      var earliest: Instant?
      var hasPassed = false
      for entry in state.contents.entries.values {
        for reach in entry.reaches {
          if let raised, reach.at <= raised {
            hasPassed = true
          } else {
            earliest = min(earliest ?? reach.at, reach.at)
          }
        }
      }
      if hasPassed, let raised {
        state.contents.drop(through: raised)
        state.version += 1
      }
      state.armed = earliest
      return earliest
    }
  }

  /// The levels whose instants have come, the earliest first.
  public func due(at now: Instant) -> [WatchedLevel] {
    let contents = contents
    var levels: [WatchedLevel] = []
    for (caseID, entry) in contents.entries {
      for reach in entry.reaches where reach.at <= now { levels.append(contents.level(caseID, entry, reach)) }
    }
    return levels.sorted { a, b in
      (a.levelAt, a.id.caseID, a.id.commitment, a.id.level) < (b.levelAt, b.id.caseID, b.id.commitment, b.id.level)
    }
  }

  /// Takes out levels that were told.
  public func remove(_ told: [WatchedLevel]) {
    guard !told.isEmpty else { return }
    let byCase = Dictionary(grouping: told) { Identifier($0.id.caseID) }
    state.withLock { state in
      for (caseID, levels) in byCase {
        guard var entry = state.contents.entries[caseID] else { continue }
        // Whatever else held the contents would make the change below copy all of them.
        let known = entry.reaches.map { state.contents.level(caseID, entry, $0) }
        entry.reaches = zip(entry.reaches, known).filter { !levels.contains($0.1) }.map(\.0)
        state.contents.put(entry.reaches.isEmpty ? nil : entry, for: caseID)
      }
      state.version += 1
    }
  }

  /// Begins a reading: from here on changes are kept aside; nil if this daemon does not lead.
  func beginReading(until: Instant) -> (number: Int, addressees: Addressees)? {
    state.withLock { state in
      state.ahead = until
      guard let addressees = state.addressees else { return nil }
      state.reading += 1
      state.changed = [:]
      state.isOutdated = false
      return (state.reading, addressees)
    }
  }

  /// Takes a reading in, and what changed meanwhile; nil where it failed. False if it was overtaken.
  func endReading(_ number: Int, _ read: Contents?) -> Bool {
    let (taken, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
      guard number == state.reading else { return (false, nil) }
      defer { state.changed = nil }
      guard var read else {
        state.isOutdated = true
        return (false, nil)
      }
      for (caseID, entry) in state.changed ?? [:] {
        // Its names have their places among the old ones.
        read.put(nil, for: caseID)
        guard let entry else { continue }
        for reach in entry.reaches where reach.at <= read.until {
          read.add(state.contents.level(caseID, entry, reach))
        }
      }
      read.cut(to: capacity)
      state.contents = read
      state.version += 1
      return (true, state.wake)
    }
    wake?()
    return taken
  }
}

extension LevelWatch.State {
  /// What is held of a case: its levels that were not raised when it was folded, as far as the horizon.
  fileprivate mutating func entry(_ cached: CachedCase, _ addressees: Addressees) -> LevelWatch.Entry? {
    var reaches: [LevelWatch.Reach] = []
    let until = changed == nil ? contents.until : max(contents.until, ahead)
    for clock in cached.clocks {
      guard let next = clock.nextLevelAt, next <= until else { continue }
      for reach in clock.levels where reach.at >= next && reach.at <= until {
        // What is history pages nobody.
        if clock.history, reach.at < clock.startedReceivedAt { continue }
        reaches.append(
          LevelWatch.Reach(
            at: reach.at, dueAt: reach.dueAt, round: clock.key.round, revision: Int32(clamping: reach.revision),
            commitment: contents.names.place(clock.key.commitment), level: contents.names.place(reach.level),
            calendar: contents.names.place(clock.calendar), priority: reach.priority,
            notify: addressees[clock.key.commitment, reach.level]))
      }
    }
    guard !reaches.isEmpty else { return nil }
    let told = cached.row.attributes
    return LevelWatch.Entry(
      region: told.region, grid: told.grid, serviceWindow: told.serviceWindow, reaches: reaches)
  }
}
