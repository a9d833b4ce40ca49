import CLibPQ

extension Wire {
  /// What a pipeline's statements have answered so far.
  private struct Answers {
    var done = 0
    var results: [QueryResult] = []
    var failure: PostgresError?
  }

  /// Runs statements in one go, without waiting for each answer; the first error stops the rest.
  func pipeline(_ statements: [(sql: String, parameters: [Parameter])]) throws(PostgresError) -> [QueryResult] {
    guard !statements.isEmpty else { return [] }
    for (sql, parameters) in statements { try Wire.check(sql, parameters) }
    let risk: Risk = isInTransaction && !statements.contains { Wire.commits($0.sql) } ? .none : .unknown
    return try whileInFlight("pipeline") { deadline throws(PostgresError) in
      guard PQenterPipelineMode(pg) == 1 else {
        throw PostgresError(.usage, operation: "pipeline", message: "the connection is busy")
      }
      defer { PQexitPipelineMode(pg) }
      var answers = Answers()
      for (sql, parameters) in statements {
        guard Wire.send(pg, sql, parameters) else { throw lost(sql, risk) }
        // Take in what has come while sending, so that neither side's buffer fills for good.
        _ = PQflush(pg)
        PQconsumeInput(pg)
        try take(statements, &answers, wait: false, risk, deadline)
      }
      guard PQpipelineSync(pg) == 1 else { throw lost("pipeline", risk) }
      try flush("pipeline", risk, deadline)
      try take(statements, &answers, wait: true, risk, deadline)
      if let failure = answers.failure { throw failure }
      return answers.results
    }
  }

  /// Takes the answers that are there, or waits for all of them to the end.
  private func take(
    _ statements: [(sql: String, parameters: [Parameter])], _ answers: inout Answers, wait: Bool, _ risk: Risk,
    _ deadline: Int64
  ) throws(PostgresError) {
    // One nil ends the results of a statement; another right after it says that nothing is outstanding.
    var ended = false
    while true {
      let sql = answers.done < statements.count ? statements[answers.done].sql : "pipeline"
      if PQisBusy(pg) != 0 {
        guard wait else { return }
        try waitForInput(sql, risk, deadline)
        continue
      }
      guard let result = PQgetResult(pg) else {
        if ended {
          guard wait else { return }
          // The answer to the sync can only be missing on a connection that is gone.
          throw lost(sql, risk)
        }
        ended = true
        answers.done += 1
        continue
      }
      ended = false
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        PQclear(result)
        return
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
        answers.results.append(QueryResult(result, operation: Wire.operation(sql)))
      case PGRES_PIPELINE_ABORTED: PQclear(result)
      default:
        let failure = error(result, sql, risk)
        PQclear(result)
        if failure.endsConnection { throw answers.failure ?? failure }
        if answers.failure == nil { answers.failure = failure }
      }
    }
  }
}
