import CoreMetrics
import Daemon
import Hummingbird
import HummingbirdCore
import NIOCore

/// Answers requests by the table of endpoints.
struct WebResponder: HTTPResponder {
  let offer: Offer
  let tokens: TokenBook
  let factory: any MetricsFactory
  /// How long an answer may take, its way to a slow reader included.
  let deadline: TimeAmount

  func respond(to request: Request, context: WebContext) async throws -> Response {
    let channel = context.channel
    let path = request.uri.path
    let here = offer.endpoints.filter { $0.matches(path).isMeant }
    let extra = here.compactMap(\.extraTime).max().map { TimeAmount($0) } ?? .zero
    // Whoever takes no answer holds no connection.
    let expiry = channel.eventLoop.scheduleTask(in: deadline + extra) { channel.close(mode: .all, promise: nil) }
    let answer = await answer(request, path, here, channel)
    count(here.first?.path, answer)
    let isHead = request.method == .head
    let ends = answer.ends
    let body = ByteBuffer(string: answer.body)
    var fields = answer.fields
    fields[.contentType] = answer.contentType
    fields[.contentLength] = String(body.readableBytes)
    fields[.cacheControl] = "no-store"
    if ends { fields[.connection] = "close" }
    return Response(
      status: answer.status, headers: fields,
      body: ResponseBody(contentLength: isHead ? 0 : body.readableBytes) { writer in
        defer { expiry.cancel() }
        if !isHead { try await writer.write(body) }
        try await writer.finish(nil)
        guard ends else { return }
        channel.close(mode: .output, promise: nil)
        // What it goes on sending is read for a moment, so that it sees the answer before the connection breaks.
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(mode: .all, promise: nil) }
      })
  }

  private func answer(
    _ request: Request, _ path: String, _ here: [Endpoint], _ channel: any Channel
  ) async -> Answer {
    guard !here.isEmpty else {
      return .error(.notFound, "there is nothing here; see " + served.joined(separator: ", "))
    }
    guard
      let endpoint = here.first(where: {
        $0.method == request.method || ($0.method == .get && request.method == .head)
      })
    else {
      let methods = here.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
      let allowed = methods.joined(separator: ", ")
      return ended(request, .error(.methodNotAllowed, "\(path) takes \(allowed) only", [.allow: allowed]))
    }
    var call = Call(request: request, part: endpoint.matches(path).part)
    if let scope = endpoint.scope {
      let verdict = tokens.judge(request.headers[.authorization], scope: scope)
      if let refusal = refusal(verdict, scope) { return ended(request, refusal) }
      if case .allowed(_, let feed) = verdict { call.feed = feed }
    }
    guard endpoint.extraTime == nil else {
      if request.headers[.expect]?.lowercased() == "100-continue" { call.goOn = { WebResponder.goOn(channel) } }
      let answer = await endpoint.answer(call)
      // What was refused may be on its way still.
      return answer.status == .accepted ? answer : ended(request, answer)
    }
    if WebResponder.hasBody(request) {
      return ended(request, .error(.contentTooLarge, "\(path) takes no body"))
    }
    return await endpoint.answer(call)
  }

  /// Has a client send its body.
  private static func goOn(_ channel: any Channel) {
    channel.writeAndFlush(HTTP1Channel.Value.Part.head(HTTPResponse(status: .continue)), promise: nil)
  }

  /// Why a request is not let in; nil if it is.
  private func refusal(_ verdict: TokenBook.Verdict, _ scope: TokenScope) -> Answer? {
    switch verdict {
    case .allowed: nil
    case .missing where tokens.file == nil:
      .error(
        .unauthorized,
        "this daemon has no tokens: make one with `bizclock token --name NAME --scope \(scope.rawValue)\(scope == .ingest ? " --feed FEED" : "") --file FILE`, "
          + "name the file in bizclock.yaml as http.tokens, and restart",
        [.wwwAuthenticate: "Bearer realm=\"bizclock\""])
    case .missing:
      .error(
        .unauthorized, "send a token of scope \(scope.rawValue): Authorization: Bearer TOKEN",
        [.wwwAuthenticate: "Bearer realm=\"bizclock\""])
    case .unknown:
      .error(
        .unauthorized, "the token is not known; see `bizclock token --help`, and reload or restart after a change",
        [.wwwAuthenticate: "Bearer realm=\"bizclock\", error=\"invalid_token\""])
    case .lacksScope:
      .error(
        .forbidden, "the token is not good for this: it lacks the scope \(scope.rawValue)",
        [
          .wwwAuthenticate:
            "Bearer realm=\"bizclock\", error=\"insufficient_scope\", scope=\"\(scope.rawValue)\""
        ])
    }
  }

  /// An answer after which a body that was announced is not waited for.
  private func ended(_ request: Request, _ answer: Answer) -> Answer {
    var answer = answer
    answer.ends = WebResponder.hasBody(request)
    return answer
  }

  private static func hasBody(_ request: Request) -> Bool {
    request.headers.contains(.transferEncoding) || request.headers[.contentLength].map { $0 != "0" } ?? false
  }

  private var served: [String] {
    var paths: [String] = []
    for endpoint in offer.endpoints where !paths.contains(endpoint.path) { paths.append(endpoint.path) }
    return paths
  }

  private func count(_ path: String?, _ answer: Answer) {
    Counter(
      label: Metric.httpRequests.rawValue,
      dimensions: [
        ("path", path ?? "other"), ("status", String(answer.status.code)),
      ], factory: factory
    ).increment()
  }
}

extension NIOAsyncChannel {
  /// What is written to it.
  fileprivate typealias Part = Outbound
}
