import Daemon
import Feeds
import Hummingbird

/// Takes in what is posted to `/v1/events`, and answers 202 when it is committed.
struct EventsPage: Sendable {
  let desk: PostDesk
  let collector: BodyCollector
  /// How long the commit may take before whoever posts is told to try again.
  let patience: Duration

  /// What a body is to be read as.
  private enum Shape {
    case lines, cloudEvent, cloudEvents
    /// A CloudEvent whose attributes are fields of the head.
    case binary
  }

  static let types = "application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json"

  func answer(_ call: Call) async -> Answer {
    // A token of this scope always names its feed.
    let feed = call.feed ?? ""
    guard desk.has(feed) else { return noFeed(feed) }
    let request = call.request
    guard let shape = shape(of: request) else { return EventsPage.wrongType(request) }
    var coding: Inflater.Coding?
    if let field = request.headers[.contentEncoding], field.lowercased() != "identity" {
      coding = Inflater.Coding(field: field)
      if coding == nil {
        return .error(
          .unsupportedMediaType, "Content-Encoding may be gzip or deflate, once, or be left out",
          [.acceptEncoding: "gzip, deflate"])
      }
    }
    let length = request.headers[.contentLength].flatMap { Int($0) }
    let collected = await collector.collect(request.body, length: length, coding: coding, goOn: call.goOn)
    guard case .body(let body, let share) = collected else { return refusal(collected) }
    do {
      let parcel = try EventsPage.parcel(body, shape, request, share)
      guard parcel.records <= FeedLimits.bodyRecords else {
        return .error(
          .contentTooLarge,
          "a body may have at most \(FeedLimits.bodyRecords) lines or CloudEvents: send it in parts")
      }
      return answer(await desk.take(parcel, for: feed, within: patience), feed)
    } catch {
      return .error(.badRequest, error.message)
    }
  }

  private static func parcel(
    _ body: [UInt8], _ shape: Shape, _ request: Request, _ share: BodyBudget.Share
  ) throws(CloudEventBody.Fault) -> Parcel {
    var body = body
    switch shape {
    case .lines: return Parcel(body: body, form: .lines, share: share)
    case .binary: body = try CloudEventBody.structured(attributes(request), data: body)
    case .cloudEvent, .cloudEvents: break
    }
    let places = try CloudEventBody.places(in: body, isBatch: shape == .cloudEvents)
    return Parcel(body: body, form: .cloudEvents(places), share: share)
  }

  // MARK: Heads

  private func shape(of request: Request) -> Shape? {
    let type = request.headers[.contentType].flatMap { MediaType($0) }
    let isBinary = request.headers.contains { $0.name.canonicalName == "ce-specversion" }
    guard let type else { return isBinary && request.headers[.contentType] == nil ? .binary : nil }
    guard type.isUTF8 else { return nil }
    switch type.name {
    case "application/x-ndjson", "application/ndjson": return .lines
    case "application/cloudevents+json": return .cloudEvent
    case "application/cloudevents-batch+json": return .cloudEvents
    default: return isBinary && type.isJSON ? .binary : nil
    }
  }

  /// The attributes of a CloudEvent in binary content mode.
  private static func attributes(_ request: Request) -> [(name: String, value: String)] {
    request.headers.compactMap { field in
      let name = field.name.canonicalName
      guard name.hasPrefix("ce-") else { return nil }
      return (String(name.dropFirst(3)), PercentText.decoded(field.value) ?? field.value)
    }
  }

  private static func wrongType(_ request: Request) -> Answer {
    let given = request.headers[.contentType].map { MediaType($0) }
    let what =
      switch given {
      case nil: "there is no Content-Type"
      case .some(let type?) where !type.isUTF8: "the body must be UTF-8, and Content-Type names another charset"
      default: "this Content-Type is not taken"
      }
    return .error(.unsupportedMediaType, "\(what); send \(types)", [.accept: types])
  }

  // MARK: Answers

  private func noFeed(_ feed: String) -> Answer {
    .error(
      .forbidden,
      "the token is for the feed \(feed), and there is no such feed of kind http: add it to bizclock.yaml and reload, or "
        + "make a token for another feed")
  }

  private func refusal(_ collected: BodyCollector.Result) -> Answer {
    switch collected {
    case .tooLarge:
      .error(
        .contentTooLarge, "a body may have at most \(collector.limit) bytes, decompressed: send it in parts")
    case .broken(let why): .error(.badRequest, "the body cannot be read: \(why); nothing of it was taken in")
    case .late:
      .error(
        .requestTimeout, "the body did not come within \(collector.time.components.seconds) s; nothing was taken in"
      )
    case .crowded:
      .error(
        .tooManyRequests, "others are being served; nothing was taken in, send it again later", [.retryAfter: "1"])
    case .ending, .body:
      .error(
        .serviceUnavailable, "the daemon is stopping; nothing was taken in, send it again later", [.retryAfter: "5"]
      )
    }
  }

  private func answer(_ outcome: Parcel.Outcome, _ feed: String) -> Answer {
    switch outcome {
    case .taken(let outcome):
      .json(
        .accepted,
        [
          ("received", JSONText(outcome.read)), ("new", JSONText(outcome.new)),
          ("duplicate", JSONText(outcome.duplicate)), ("quarantined", JSONText(outcome.quarantined)),
        ])
    case .away:
      .error(
        .serviceUnavailable,
        "the database does not answer now; send the same again later, nothing is counted twice", [.retryAfter: "5"])
    case .refused:
      .error(
        .internalServerError,
        "the ledger refuses it; the log of the daemon says why. Send the same again once that is mended")
    case .noFeed: noFeed(feed)
    }
  }
}
