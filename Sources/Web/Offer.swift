import Synchronization

/// What is answered, which changes when there is a daemon.
final class Offer: Sendable {
  /// Endpoints, and how what they hold is given back.
  struct Endpoints: Sendable {
    var list: [Endpoint]
    var closing: @Sendable () async -> Void = {}
  }

  private let current: Mutex<Endpoints>

  init(_ endpoints: Endpoints) { current = Mutex(endpoints) }

  /// The endpoints of now.
  var endpoints: [Endpoint] { current.withLock { $0.list } }

  /// Answers with others from the next request on.
  func become(_ endpoints: Endpoints) { current.withLock { $0 = endpoints } }

  /// Gives back what the endpoints hold.
  func close() async { await current.withLock { $0.closing }() }
}
