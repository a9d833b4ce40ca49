import CLibPQ

extension Wire {
  /// Copies in what a body writes, and says how many rows that were; an error in the body undoes the copy.
  func copyIn(
    _ sql: String, _ body: (inout CopyWriter) throws(PostgresError) -> Void
  ) throws(PostgresError) -> Int {
    let risk = risk(of: sql)
    return try whileInFlight(sql) { deadline throws(PostgresError) in
      guard PQsendQuery(pg, sql) == 1 else { throw lost(sql, risk) }
      try flush(sql, risk, deadline)
      guard let begun = try nextResult(sql, risk, deadline) else { throw lost(sql, risk) }
      let status = PQresultStatus(begun)
      guard status == PGRES_COPY_IN else {
        let error =
          status == PGRES_FATAL_ERROR
          ? error(begun, sql, risk)
          : PostgresError(.usage, operation: Wire.operation(sql), message: "not a COPY FROM STDIN")
        PQclear(begun)
        // A COPY the other way never ends by being ignored.
        if status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH { shutDown() }
        if !isShutDown { try? drain(sql, risk) }
        throw error
      }
      PQclear(begun)
      var writer = CopyWriter { [self] (buffer: ByteBuffer) throws(PostgresError) in
        try put(buffer, sql, risk)
        buffer.removeAll()
      }
      do throws(PostgresError) {
        try body(&writer)
        try writer.finish()
      } catch {
        // What went wrong first is what is told.
        if !isShutDown, isUsable {
          if PQputCopyEnd(pg, "the client gave up") == 1 { try? drain(sql, .none) } else { shutDown() }
        }
        throw error
      }
      // Each part of the copy had its own time; its end gets a new one.
      let deadline = Wire.milliseconds() + Int64(timeout)
      while true {
        let put = PQputCopyEnd(pg, nil)
        if put == 1 { break }
        guard put == 0 else { throw lost(sql, risk) }
        try waitForOutput(sql, risk, deadline)
      }
      try flush(sql, risk, deadline)
      return try finish(sql, risk, deadline).affectedRows
    }
  }

  private func put(_ buffer: ByteBuffer, _ sql: String, _ risk: Risk) throws(PostgresError) {
    let deadline = Wire.milliseconds() + Int64(timeout)
    var at = 0
    while at < buffer.count {
      // A row may be longer than a message.
      let count = min(buffer.count - at, 1 << 24)
      let sent = buffer.withBytes { raw in
        PQputCopyData(pg, raw.baseAddress.map { ($0 + at).assumingMemoryBound(to: CChar.self) }, Int32(count))
      }
      if sent == 1 {
        at += count
      } else {
        guard sent == 0 else { throw lost(sql, risk) }
        try waitForOutput(sql, risk, deadline)
      }
    }
    // Keep what libpq buffers small.
    try flush(sql, risk, deadline)
  }

  private func drain(_ sql: String, _ risk: Risk) throws(PostgresError) {
    let deadline = Wire.milliseconds() + Int64(timeout)
    try flush(sql, risk, deadline)
    while let result = try nextResult(sql, risk, deadline) { PQclear(result) }
  }
}
