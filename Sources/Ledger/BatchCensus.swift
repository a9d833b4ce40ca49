import ServiceTime

/// What is known so far of the events of a batch: which may be new, which are known, which contradict what is known.
struct BatchCensus: Sendable {
  /// The hash of each event's key.
  let hashes: [Int]
  /// Indexes of events that may be new, each key once.
  private(set) var candidates: [Int] = []
  private(set) var duplicates = 0
  /// Indexes of events whose id says something else already.
  private(set) var conflicts: [Int] = []
  /// Events whose key an earlier one of the batch has, with that one's index.
  private var repeats: [(index: Int, first: Int)] = []
  /// What the ledger holds under the keys of the batch, by the index of the key's first event.
  private var stored: [Int: Event] = [:]

  init(_ batch: AppendBatch) {
    let events = batch.events
    hashes = events.map(LedgerKey.hash(of:))
    // By hash alone: keys are compared where two have the same, and keys of one hash hardly ever differ.
    var first: [Int: Int] = [:]
    var clashing: [Int] = []
    first.reserveCapacity(hashes.count)
    candidates.reserveCapacity(hashes.count)
    for (index, hash) in hashes.enumerated() {
      if let earlier = first.updateValue(index, forKey: hash) {
        first[hash] = earlier
        let same = ([earlier] + clashing).first { events[$0].hasSameKey(as: events[index]) }
        if let same {
          repeats.append((index, same))
          continue
        }
        clashing.append(index)
      }
      candidates.append(index)
    }
  }

  /// Takes off the candidates what the ledger has.
  mutating func judge(against found: [LedgerKey: Event], _ batch: AppendBatch) {
    var left: [Int] = []
    for index in candidates {
      guard let there = found[LedgerKey(batch.events[index])] else {
        left.append(index)
        continue
      }
      stored[index] = there
      judge(index, batch.events[index], against: there)
    }
    candidates = left
  }

  /// Judges the events whose key came before in the batch; once it is settled what the ledger holds, for that counts
  /// and not what the batch said first.
  mutating func judgeRepeats(_ batch: AppendBatch) {
    for (index, first) in repeats {
      judge(index, batch.events[index], against: stored[first] ?? batch.events[first])
    }
    repeats = []
    conflicts.sort()
  }

  private mutating func judge(_ index: Int, _ event: Event, against known: Event) {
    if event.saysTheSame(as: known) { duplicates += 1 } else { conflicts.append(index) }
  }

  /// What became of some of the events, once all are judged.
  func outcome(of part: Range<Int>) -> AppendOutcome {
    var outcome = AppendOutcome()
    outcome.new = BatchCensus.count(candidates, in: part)
    outcome.quarantined = BatchCensus.count(conflicts, in: part)
    outcome.duplicate = part.count - outcome.new - outcome.quarantined
    return outcome
  }

  /// How many of ascending indexes lie in a range.
  private static func count(_ indexes: [Int], in range: Range<Int>) -> Int {
    rank(range.upperBound, indexes) - rank(range.lowerBound, indexes)
  }

  /// How many of ascending indexes are below one.
  private static func rank(_ index: Int, _ indexes: [Int]) -> Int {
    var (low, high) = (0, indexes.count)
    while low < high {
      let middle = (low + high) / 2
      if indexes[middle] < index { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Event {
  /// Whether another has the same key.
  fileprivate func hasSameKey(as other: Event) -> Bool {
    caseID == other.caseID && source == other.source && eventID == other.eventID
  }
}
