import Daemon
import Feeds
import Hummingbird
import Ledger
import LibPQ
import ServiceTime

/// Answers for a case at `/v1/cases/{id}`, as `bizclock explain --json` does: on one connection, one after the other.
actor CasesPage {
  private let kept: KeptConnection
  /// Requests that wait for it; who asks again before there is an answer must not make it longer for all.
  private var waiting = 0
  private static let mostWaiting = 16

  init(_ database: DatabaseSource) { kept = KeptConnection(database) }

  /// Gives the connection back.
  func close() async { await kept.close() }

  /// While the database does not answer.
  static let away = Answer.error(
    .serviceUnavailable, "the database does not answer now; ask again later", [.retryAfter: "5"])

  func answer(_ call: Call) async -> Answer {
    guard let id = PercentText.decoded(call.part), !id.utf8.contains(0) else {
      return .error(.badRequest, "the case's number is not percent-encoded UTF-8")
    }
    let parameters = call.request.uri.queryParameters
    let lang = parameters["lang"].map { String($0) }
    guard let language = lang.map({ Language(rawValue: $0) }) ?? .en else {
      return .error(.badRequest, "lang may be en or zh")
    }
    guard waiting < CasesPage.mostWaiting else {
      return .error(.serviceUnavailable, "others are being served; ask again later", [.retryAfter: "1"])
    }
    waiting += 1
    defer { waiting -= 1 }
    do {
      guard id.unicodeScalars.count <= EventField.caseID.maximumScalars, let explanation = try await explain(id)
      else { return .error(.notFound, "the ledger has no event of this case") }
      return Answer(
        status: .ok, contentType: "application/json", body: explanation.json(language).description + "\n")
    } catch let error as PostgresError where !error.isRetryable {
      return .error(.internalServerError, "the database refuses to tell: \(error)")
    } catch {
      return CasesPage.away
    }
  }

  private func explain(_ id: String) async throws -> CaseExplanation? {
    try await kept.read { session in
      guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
      let now = try OnTimeReport.now(&session)
      return try CaseReport.read(id, rulebook, asOf: now, on: &session).map {
        CaseExplanation(caseID: id, report: $0, rulebook: rulebook, now: now)
      }
    }
  }
}
