import Synchronization

/// Parcels of one feed that wait for their turn, and who waits for their answers.
final class ParcelQueue: Sendable {
  /// One parcel and its answer, which is given once.
  final class Ticket: Sendable {
    let parcel: Parcel
    private let waiter: Mutex<CheckedContinuation<Parcel.Outcome, Never>?>

    init(_ parcel: Parcel, _ waiter: CheckedContinuation<Parcel.Outcome, Never>) {
      self.parcel = parcel
      self.waiter = Mutex(waiter)
    }

    /// Answers, unless that was done.
    func answer(_ outcome: Parcel.Outcome) { waiter.withLock { $0.take() }?.resume(returning: outcome) }

    /// Whether somebody still waits.
    var isAwaited: Bool { waiter.withLock { $0 != nil } }
  }

  private struct State {
    var tickets: [Ticket] = []
    var isClosed = false
  }

  /// Rung when a parcel comes; silenced when none comes any more.
  let bell = Doorbell()
  private let state = Mutex(State())

  /// Hands a parcel in and waits for its answer, for at most so long of real time.
  func take(_ parcel: Parcel, within limit: Duration) async -> Parcel.Outcome {
    let clock = Mutex<Task<Void, Never>?>(nil)
    defer { clock.withLock { $0 }?.cancel() }
    return await withCheckedContinuation { waiter in
      let ticket = Ticket(parcel, waiter)
      let isIn = state.withLock { state -> Bool in
        guard !state.isClosed else { return false }
        state.tickets.append(ticket)
        return true
      }
      guard isIn else { return ticket.answer(.away) }
      bell.ring()
      clock.withLock {
        $0 = Task {
          guard (try? await Task.sleep(for: limit)) != nil else { return }
          ticket.answer(.away)
          // Nobody waits for it any more: its bytes are not held while the one in hand takes its time.
          self.state.withLock { $0.tickets.removeAll { !$0.isAwaited } }
        }
      }
    }
  }

  /// The next parcels that somebody waits for, in the order in which they came: at least one if there is any, together
  /// at most so many, of so many bytes and records.
  func next(parcels: Int, bytes: Int, records: Int) -> [Ticket] {
    state.withLock { state in
      var group: [Ticket] = []
      var (size, lines) = (0, 0)
      var taken = 0
      for ticket in state.tickets {
        if ticket.isAwaited {
          size += ticket.parcel.body.count
          lines += ticket.parcel.records
          guard group.isEmpty || group.count < parcels && size <= bytes && lines <= records else { break }
          group.append(ticket)
        }
        taken += 1
      }
      state.tickets.removeFirst(taken)
      return group
    }
  }

  /// Takes no more parcels; what is in goes on.
  func close() {
    state.withLock { $0.isClosed = true }
    bell.silence()
  }
}
