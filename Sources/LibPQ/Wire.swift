import CLibPQ
import CLinux
import Glibc
import Synchronization

/// Owns a PGconn; closing is its end.
struct ConnectionHandle: ~Copyable {
  let raw: OpaquePointer
  init(_ raw: OpaquePointer) { self.raw = raw }
  deinit { PQfinish(raw) }
}

/// The protocol over one connection, without blocking calls: every wait is a poll(2) with a deadline.
///
/// Used by one thread at a time, the executor of its connection.
final class Wire {
  private let handle: ConnectionHandle
  let canceller: Canceller
  private let wake: WakeDescriptor
  /// How long a statement may take, in milliseconds.
  var timeout: Int32

  private var pg: OpaquePointer { handle.raw }

  init(_ handle: consuming ConnectionHandle, wake: WakeDescriptor, timeout: Int32) {
    canceller = Canceller(handle.raw)
    self.handle = handle
    self.wake = wake
    self.timeout = timeout
    PQsetnonblocking(self.handle.raw, 1)
    PQsetNoticeProcessor(self.handle.raw, { _, _ in }, nil)
  }

  var isInTransaction: Bool {
    switch PQtransactionStatus(pg) {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    default: false
    }
  }

  var isUsable: Bool { PQstatus(pg) == CONNECTION_OK }

  var serverVersion: Int { Int(PQserverVersion(pg)) }

  // MARK: - Statements

  /// A point in time, in milliseconds of the monotonic clock.
  static func milliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  @discardableResult
  func execute(_ sql: String, _ parameters: [Parameter]) throws(PostgresError) -> QueryResult {
    let risk = risk(of: sql)
    let deadline = Wire.milliseconds() + Int64(timeout)
    canceller.begin()
    defer { canceller.end() }
    guard Wire.send(pg, sql, parameters) else { throw lost(sql, risk) }
    try flush(sql, risk, deadline)
    return try finish(sql, risk, deadline)
  }

  /// Runs a script of several statements; what it returns is dropped.
  func script(_ sql: String) throws(PostgresError) {
    let deadline = Wire.milliseconds() + Int64(timeout)
    canceller.begin()
    defer { canceller.end() }
    guard PQsendQuery(pg, sql) == 1 else { throw lost(sql, .unknown) }
    try flush(sql, .unknown, deadline)
    _ = try finish(sql, .unknown, deadline)
  }

  private static func send(_ pg: OpaquePointer, _ sql: String, _ parameters: [Parameter]) -> Bool {
    let encoded = parameters.map { $0.encoded() }
    let types = parameters.map(\.oid)
    let lengths = encoded.map { Int32($0?.count ?? 0) }
    let formats = [Int32](repeating: 1, count: parameters.count)
    // One buffer for all values, so that every pointer stays good during the call.
    var all: [UInt8] = []
    all.reserveCapacity(encoded.reduce(1) { $0 + ($1?.count ?? 0) })
    var places: [Int?] = []
    for value in encoded {
      places.append(value == nil ? nil : all.count)
      if let value { all += value }
    }
    all.append(0)
    return all.withUnsafeBufferPointer { bytes in
      let pointers = places.map { place -> UnsafePointer<CChar>? in
        guard let place, let base = bytes.baseAddress else { return nil }
        return UnsafeRawPointer(base + place).assumingMemoryBound(to: CChar.self)
      }
      return PQsendQueryParams(pg, sql, Int32(parameters.count), types, pointers, lengths, formats, 1) == 1
    }
  }

  /// Runs statements in one go, without waiting for each answer; the first error stops the rest.
  func pipeline(_ statements: [(sql: String, parameters: [Parameter])]) throws(PostgresError) -> [QueryResult] {
    guard !statements.isEmpty else { return [] }
    let risk: Risk = isInTransaction ? .none : .unknown
    let deadline = Wire.milliseconds() + Int64(timeout)
    canceller.begin()
    defer { canceller.end() }
    guard PQenterPipelineMode(pg) == 1 else {
      throw PostgresError(.usage, operation: "pipeline", message: "the connection is busy")
    }
    defer { PQexitPipelineMode(pg) }
    var results: [QueryResult] = []
    var failure: PostgresError?
    var done = 0
    for (sql, parameters) in statements {
      guard Wire.send(pg, sql, parameters) else { throw lost(sql, risk) }
      // Take in what has come while sending, so that neither side's buffer fills for good.
      _ = PQflush(pg)
      PQconsumeInput(pg)
      try take(statements, &done, &results, &failure, wait: false, risk, deadline)
    }
    guard PQpipelineSync(pg) == 1 else { throw lost("pipeline", risk) }
    try flush("pipeline", risk, deadline)
    try take(statements, &done, &results, &failure, wait: true, risk, deadline)
    if let failure { throw failure }
    return results
  }

  private func take(
    _ statements: [(sql: String, parameters: [Parameter])], _ done: inout Int, _ results: inout [QueryResult],
    _ failure: inout PostgresError?, wait: Bool, _ risk: Risk, _ deadline: Int64
  ) throws(PostgresError) {
    while true {
      let sql = done < statements.count ? statements[done].sql : "pipeline"
      if PQisBusy(pg) != 0 {
        guard wait else { return }
        try waitForInput(sql, risk, deadline)
        continue
      }
      guard let result = PQgetResult(pg) else {
        // The end of one statement's results.
        done += 1
        guard wait || done < statements.count else { return }
        guard done <= statements.count else { continue }
        continue
      }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        PQclear(result)
        return
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
        results.append(QueryResult(result, operation: Wire.operation(sql)))
      case PGRES_PIPELINE_ABORTED: PQclear(result)
      default:
        if failure == nil { failure = error(result, sql, risk) }
        PQclear(result)
      }
    }
  }

  // MARK: - Copy

  func copyIn(
    _ sql: String, _ body: (inout CopyWriter) throws(PostgresError) -> Void
  ) throws(PostgresError) -> Int {
    let risk = risk(of: sql)
    canceller.begin()
    defer { canceller.end() }
    guard PQsendQuery(pg, sql) == 1 else { throw lost(sql, risk) }
    try flush(sql, risk, Wire.milliseconds() + Int64(timeout))
    guard let begun = try nextResult(sql, risk, Wire.milliseconds() + Int64(timeout)) else { throw lost(sql, risk) }
    let status = PQresultStatus(begun)
    guard status == PGRES_COPY_IN else {
      let error = error(begun, sql, risk)
      PQclear(begun)
      try drain(sql, risk)
      throw error
    }
    PQclear(begun)
    var writer = CopyWriter { [self] (buffer: inout ByteBuffer) throws(PostgresError) in
      try put(buffer.bytes, sql, risk)
      buffer.removeAll()
    }
    do {
      try body(&writer)
      try writer.finish()
    } catch {
      if isUsable {
        _ = PQputCopyEnd(pg, "the client gave up")
        try drain(sql, risk)
      }
      throw error
    }
    let deadline = Wire.milliseconds() + Int64(timeout)
    while PQputCopyEnd(pg, nil) == 0 { try waitForOutput(sql, risk, deadline) }
    try flush(sql, risk, deadline)
    return try finish(sql, risk, deadline).affectedRows
  }

  private func put(_ bytes: [UInt8], _ sql: String, _ risk: Risk) throws(PostgresError) {
    let deadline = Wire.milliseconds() + Int64(timeout)
    while true {
      let sent = bytes.withUnsafeBytes { raw in
        PQputCopyData(pg, raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count))
      }
      if sent == 1 { break }
      guard sent == 0 else { throw lost(sql, risk) }
      try waitForOutput(sql, risk, deadline)
    }
    // Keep what libpq buffers small.
    try flush(sql, risk, deadline)
  }

  private func drain(_ sql: String, _ risk: Risk) throws(PostgresError) {
    let deadline = Wire.milliseconds() + Int64(timeout)
    try flush(sql, risk, deadline)
    while let result = try nextResult(sql, risk, deadline) { PQclear(result) }
  }

  // MARK: - Waiting

  private func finish(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) -> QueryResult {
    var last: QueryResult?
    var failure: PostgresError?
    while let result = try nextResult(sql, risk, deadline) {
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
        last = QueryResult(result, operation: Wire.operation(sql))
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        PQclear(result)
        _ = PQputCopyEnd(pg, "not expected here")
        failure = PostgresError(.usage, operation: Wire.operation(sql), message: "COPY needs copyIn")
      default:
        if failure == nil { failure = error(result, sql, risk) }
        PQclear(result)
      }
    }
    if let failure { throw failure }
    guard let last else { throw lost(sql, risk) }
    return last
  }

  private func nextResult(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) -> OpaquePointer? {
    while PQisBusy(pg) != 0 { try waitForInput(sql, risk, deadline) }
    return PQgetResult(pg)
  }

  private func flush(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    while true {
      let left = PQflush(pg)
      if left == 0 { return }
      guard left == 1 else { throw lost(sql, risk) }
      try waitForOutput(sql, risk, deadline)
    }
  }

  private func waitForInput(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    try poll(Int16(POLLIN), sql, risk, deadline)
    guard PQconsumeInput(pg) == 1 else { throw lost(sql, risk) }
  }

  /// Waits until more can be sent, taking in what comes meanwhile: the server may be blocked on us.
  private func waitForOutput(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    try poll(Int16(POLLIN) | Int16(POLLOUT), sql, risk, deadline)
    guard PQconsumeInput(pg) == 1 else { throw lost(sql, risk) }
  }

  private func poll(_ events: Int16, _ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    while true {
      let left = deadline - Wire.milliseconds()
      guard left > 0 else {
        shutDown()
        throw PostgresError(
          risk == .unknown ? .outcomeUnknown : .timeout, operation: Wire.operation(sql),
          message: "no answer within \(timeout) ms; the connection was closed")
      }
      var descriptor = pollfd(fd: PQsocket(pg), events: events, revents: 0)
      guard descriptor.fd >= 0 else { throw lost(sql, risk) }
      let ready = Glibc.poll(&descriptor, 1, Int32(clamping: left))
      if ready > 0 { return }
      if ready < 0, errno != EINTR { throw lost(sql, risk) }
    }
  }

  /// Makes the connection useless; the PGconn itself goes with its owner.
  func shutDown() {
    let socket = PQsocket(pg)
    if socket >= 0 { _ = Glibc.shutdown(socket, Int32(SHUT_RDWR)) }
    isShutDown = true
  }
  private(set) var isShutDown = false

  // MARK: - Notifications

  /// Waits until a notification comes, the connection is woken, or the time has run out; returns the channels named.
  func waitForNotifications(milliseconds: Int32) throws(PostgresError) -> [String] {
    let deadline = Wire.milliseconds() + Int64(milliseconds)
    while true {
      guard PQconsumeInput(pg) == 1 else { throw lost("LISTEN", .none) }
      var channels: [String] = []
      while let notify = PQnotifies(pg) {
        channels.append(String(cString: notify.pointee.relname))
        PQfreemem(notify)
      }
      if !channels.isEmpty { return channels }
      let left = deadline - Wire.milliseconds()
      guard left > 0 else { return [] }
      var descriptors = [
        pollfd(fd: PQsocket(pg), events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      guard descriptors[0].fd >= 0 else { throw lost("LISTEN", .none) }
      let ready = Glibc.poll(&descriptors, 2, Int32(clamping: left))
      if ready > 0, descriptors[1].revents != 0 {
        wake.drain()
        return []
      }
      if ready < 0, errno != EINTR { throw lost("LISTEN", .none) }
    }
  }

  // MARK: - Errors

  /// What is at stake if the connection breaks now.
  enum Risk { case none, unknown }

  /// A statement inside a transaction is undone by a break; a commit, or one that commits by itself, may have
  /// happened.
  private func risk(of sql: String) -> Risk {
    let word = Wire.operation(sql).uppercased()
    if word.hasPrefix("COMMIT") { return .unknown }
    if isInTransaction { return .none }
    for harmless in ["SELECT", "BEGIN", "ROLLBACK", "LISTEN", "SET", "SHOW"] where word.hasPrefix(harmless) {
      return .none
    }
    return .unknown
  }

  private func lost(_ sql: String, _ risk: Risk) -> PostgresError {
    shutDown()
    return PostgresError(
      risk == .unknown ? .outcomeUnknown : .connectionLost, operation: Wire.operation(sql),
      message: Wire.firstLine(PQerrorMessage(pg).map { String(cString: $0) } ?? ""))
  }

  private func error(_ result: OpaquePointer, _ sql: String, _ risk: Risk) -> PostgresError {
    func field(_ code: UnicodeScalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    let code = field("C").map(SQLState.init)
    guard let code else { return lost(sql, risk) }
    var kind = PostgresError.Kind.server
    switch code {
    case .queryCanceled: kind = .cancelled
    // The server is going away: what it was doing when it said so was undone.
    case .adminShutdown, .crashShutdown, .idleSessionTimeout, .idleInTransactionTimeout:
      kind = risk == .unknown && code == .crashShutdown ? .outcomeUnknown : .connectionLost
      shutDown()
    default: break
    }
    return PostgresError(
      kind, operation: Wire.operation(sql), message: field("M") ?? "", code: code, constraint: field("n"),
      table: field("t"))
  }

  /// The first words of a statement.
  static func operation(_ sql: String) -> String {
    let words = sql.split(maxSplits: 4, whereSeparator: { $0 == " " || $0 == "\n" }).prefix(4)
    return words.joined(separator: " ")
  }

  static func firstLine(_ text: String) -> String {
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    return line.isEmpty ? "the connection was lost" : line
  }
}

/// Cancels the statement on the wire, and only that one.
final class Canceller: @unchecked Sendable {
  // Sendable: the PGcancel is immutable, and `inFlight` is held by the lock, which is kept while cancelling so that
  // the next statement cannot begin.
  private let cancel: OpaquePointer?
  private let inFlight = Mutex(false)

  init(_ pg: OpaquePointer) { cancel = PQgetCancel(pg) }
  deinit { PQfreeCancel(cancel) }

  func begin() { inFlight.withLock { $0 = true } }
  func end() { inFlight.withLock { $0 = false } }

  /// Asks the server to cancel what is on the wire; does nothing if nothing is.
  func cancelInFlight() {
    inFlight.withLock { busy in
      guard busy, let cancel else { return }
      var message = [CChar](repeating: 0, count: 256)
      _ = PQcancel(cancel, &message, 256)
    }
  }
}

/// A descriptor that wakes a wait from outside.
final class WakeDescriptor: Sendable {
  let descriptor: Int32

  init() { descriptor = eventfd(0, O_CLOEXEC | O_NONBLOCK) }
  deinit { close(descriptor) }

  func wake() { _ = eventfd_write(descriptor, 1) }
  func drain() {
    var value: eventfd_t = 0
    _ = eventfd_read(descriptor, &value)
  }
}
