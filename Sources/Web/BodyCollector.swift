import Daemon
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Takes the body of a request together, within its bounds of size, memory and time.
struct BodyCollector: Sendable {
  /// Most bytes, decompressed.
  let limit: Int
  /// How long it may take to come.
  let time: Duration
  let budget: BodyBudget

  /// How long a body that is on its way may go on coming once the daemon ends.
  static let farewell = Duration.seconds(2)

  /// A body, or why there is none.
  enum Result: Sendable {
    case body([UInt8], BodyBudget.Share)
    /// It has more bytes than it may have.
    case tooLarge
    /// It is not compressed as it says, or breaks off.
    case broken(String)
    /// It did not come in time.
    case late
    /// There are too many, or too large ones, at the time.
    case crowded
    /// The daemon ends.
    case ending
  }

  /// Takes a body together; it is read no further once there is a reason not to.
  /// `goOn` has a client send it that waits to be told so.
  func collect(
    _ body: RequestBody, length: Int?, coding: Inflater.Coding?, goOn: () -> Void
  ) async -> Result {
    if let length, length > limit { return .tooLarge }
    guard let share = budget.share() else { return .crowded }
    goOn()
    return await withTaskGroup(of: Result?.self) { group in
      group.addTask { await read(body, length, coding, share) }
      group.addTask {
        guard (try? await Task.sleep(for: time)) != nil else { return nil }
        return .late
      }
      group.addTask {
        guard (try? await gracefulShutdown()) != nil, (try? await Task.sleep(for: BodyCollector.farewell)) != nil
        else { return nil }
        return .ending
      }
      var first: Result?
      while first == nil, let next = await group.next() { first = next }
      group.cancelAll()
      return first ?? .ending
    }
  }

  private func read(
    _ body: RequestBody, _ length: Int?, _ coding: Inflater.Coding?, _ share: BodyBudget.Share
  ) async -> Result {
    var bytes: [UInt8] = []
    let inflater = coding.map { Inflater($0) }
    var arrived = 0
    do {
      for try await piece in body {
        arrived += piece.readableBytes
        guard arrived <= limit else { return .tooLarge }
        func take(_ more: UnsafeRawBufferPointer) -> Bool {
          guard bytes.count + more.count <= limit, share.take(more.count) else { return false }
          bytes.append(contentsOf: more)
          return true
        }
        try piece.withUnsafeReadableBytes { piece throws(Inflater.Fault) in
          if let inflater { try inflater.feed(piece, take) } else if !take(piece) { throw .tooLarge }
        }
      }
      // Where the connection is being closed the body seems to end.
      if Task.isCancelled { return .ending }
      if let length, arrived != length { return .broken("it breaks off") }
      if arrived > 0 { try inflater?.end() }
      return .body(bytes, share)
    } catch Inflater.Fault.tooLarge {
      return share.isExhausted ? .crowded : .tooLarge
    } catch Inflater.Fault.broken {
      return .broken("it is not whole \(coding?.rawValue ?? "")")
    } catch {
      return .broken("it breaks off")
    }
  }
}
