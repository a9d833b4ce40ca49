import CLibPQ
import Glibc

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

  var pg: OpaquePointer { handle.raw }

  init(_ handle: consuming ConnectionHandle, wake: WakeDescriptor, timeout: Int32, cancelPatience: Int32? = nil) {
    canceller = Canceller(handle.raw, patience: cancelPatience)
    self.handle = handle
    self.wake = wake
    self.timeout = timeout
    PQsetnonblocking(self.handle.raw, 1)
    // The notices of a connection come while this object waits on it, and at no other time.
    PQsetNoticeReceiver(
      self.handle.raw,
      { raw, result in if let raw { Unmanaged<Wire>.fromOpaque(raw).takeUnretainedValue().hear(result) } },
      Unmanaged.passUnretained(self).toOpaque())
  }

  /// Whether the statement on the wire committed on its server alone.
  private var isCommittedAlone = false

  /// A notice. Of one kind the outcome depends: a commit that no longer waits for its synchronous standby succeeds with
  /// a warning, and would be lost if the standby took over.
  private func hear(_ notice: OpaquePointer?) {
    guard let notice, let function = PQresultErrorField(notice, Int32(UnicodeScalar("R").value)) else { return }
    if String(cString: function) == "SyncRepWaitForLSN" { isCommittedAlone = true }
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
    try Wire.check(sql, parameters)
    let risk = risk(of: sql)
    return try whileInFlight(sql) { deadline throws(PostgresError) in
      guard Wire.send(pg, sql, parameters) else { throw lost(sql, risk) }
      try flush(sql, risk, deadline)
      return try finish(sql, risk, deadline)
    }
  }

  /// Runs a script of several statements; what it returns is dropped.
  func script(_ sql: String) throws(PostgresError) {
    try whileInFlight(sql) { deadline throws(PostgresError) in
      guard PQsendQuery(pg, sql) == 1 else { throw lost(sql, .unknown) }
      try flush(sql, .unknown, deadline)
      _ = try finish(sql, .unknown, deadline)
    }
  }

  /// Runs a body that has something on the wire, which can be cancelled meanwhile; hands it its deadline.
  ///
  /// Nothing is begun on a connection that is gone, so that nothing on it can have happened, nor for a task that was
  /// cancelled, unless it undoes something.
  func whileInFlight<R>(
    _ sql: String, _ body: (_ deadline: Int64) throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    guard isUsable, !isShutDown else {
      throw PostgresError(
        .connectionLost, operation: Wire.operation(sql), message: "the connection was lost before")
    }
    guard canceller.begin(evenIfCancelled: Wire.firstWord(sql) == "ROLLBACK") else {
      // As the server would have said, had it been sent.
      throw PostgresError(
        .cancelled, operation: Wire.operation(sql), message: "the task was cancelled", code: .queryCanceled)
    }
    defer { if !canceller.end() { shutDown() } }
    isCommittedAlone = false
    let result = try body(Wire.milliseconds() + Int64(timeout))
    if isCommittedAlone {
      shutDown()
      throw PostgresError(
        .outcomeUnknown, operation: Wire.operation(sql),
        message: "committed on this server alone: the wait for its synchronous standby was cancelled")
    }
    return result
  }

  /// Most bytes of a message that the server takes; at a longer one it ends the session.
  private static let longestMessage = 0x3fff_fffe

  /// Refuses values that the server does not take at once, before anything is sent.
  static func check(_ sql: String, _ parameters: [Parameter]) throws(PostgresError) {
    // Each with its length and its format.
    let length = parameters.reduce(16) { $0 + 6 + ($1.length ?? 0) }
    guard length <= longestMessage else {
      throw PostgresError(
        .usage, operation: operation(sql),
        message: "its values have \(length) bytes together, PostgreSQL takes at most \(longestMessage) at once")
    }
  }

  /// Sends a statement whose values were checked.
  static func send(_ pg: OpaquePointer, _ sql: String, _ parameters: [Parameter]) -> Bool {
    let sizes = parameters.map(\.length)
    // One buffer for all values, so that every pointer stays good during the call.
    let values = ByteBuffer(capacity: sizes.reduce(1) { $0 + ($1 ?? 0) })
    var places: [Int?] = []
    for (parameter, size) in zip(parameters, sizes) {
      places.append(size.map { _ in values.count })
      parameter.encode(into: values)
    }
    let lengths = sizes.map { Int32(clamping: $0 ?? 0) }
    let formats = [Int32](repeating: 1, count: parameters.count)
    return values.withBytes { bytes in
      let pointers = places.map { place in
        place.flatMap { place in bytes.baseAddress.map { ($0 + place).assumingMemoryBound(to: CChar.self) } }
      }
      return PQsendQueryParams(
        pg, sql, Int32(clamping: parameters.count), parameters.map(\.oid), pointers, lengths, formats, 1) == 1
    }
  }

  // MARK: - Waiting

  func finish(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) -> QueryResult {
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
        let refusal = error(result, sql, risk)
        PQclear(result)
        // After the server's last words nothing comes but the end of the connection.
        if refusal.endsConnection { throw failure ?? refusal }
        if failure == nil { failure = refusal }
      }
    }
    if let failure { throw failure }
    guard let last else { throw lost(sql, risk) }
    return last
  }

  func nextResult(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) -> OpaquePointer? {
    while PQisBusy(pg) != 0 { try waitForInput(sql, risk, deadline) }
    return PQgetResult(pg)
  }

  func flush(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    while true {
      let left = PQflush(pg)
      if left == 0 { return }
      guard left == 1 else { throw lost(sql, risk) }
      try waitForOutput(sql, risk, deadline)
    }
  }

  func waitForInput(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    try poll(Int16(POLLIN), sql, risk, deadline)
    guard PQconsumeInput(pg) == 1 else { throw lost(sql, risk) }
  }

  /// Waits until more can be sent, taking in what comes meanwhile: the server may be blocked on us.
  func waitForOutput(_ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    try poll(Int16(POLLIN) | Int16(POLLOUT), sql, risk, deadline)
    guard PQconsumeInput(pg) == 1 else { throw lost(sql, risk) }
  }

  private func poll(_ events: Int16, _ sql: String, _ risk: Risk, _ deadline: Int64) throws(PostgresError) {
    while true {
      let left = deadline - Wire.milliseconds()
      guard left > 0 else {
        // The server would work on, with its locks, for nobody.
        canceller.abandon()
        _ = canceller.end()
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
  /// happened. A SELECT counts as reading: one whose functions write belongs into a transaction.
  func risk(of sql: String) -> Risk {
    if Wire.commits(sql) { return .unknown }
    if isInTransaction { return .none }
    let reading: Set = ["SELECT", "BEGIN", "START", "ROLLBACK", "LISTEN", "UNLISTEN", "SET", "SHOW"]
    return reading.contains(Wire.firstWord(sql)) ? .none : .unknown
  }

  /// Whether a statement makes what came before it last.
  static func commits(_ sql: String) -> Bool {
    switch firstWord(sql) {
    case "COMMIT", "END": true
    case "PREPARE": operation(sql).uppercased().hasPrefix("PREPARE TRANSACTION")
    default: false
    }
  }

  /// The first word of a statement, in upper case.
  static func firstWord(_ sql: String) -> String {
    sql.drop { $0.isWhitespace }.prefix { $0.isLetter }.uppercased()
  }

  func lost(_ sql: String, _ risk: Risk) -> PostgresError {
    shutDown()
    return PostgresError(
      risk == .unknown ? .outcomeUnknown : .connectionLost, operation: Wire.operation(sql),
      message: Wire.firstLine(PQerrorMessage(pg).map { String(cString: $0) } ?? ""))
  }

  func error(_ result: OpaquePointer, _ sql: String, _ risk: Risk) -> PostgresError {
    func field(_ code: UnicodeScalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    let code = field("C").map(SQLState.init)
    guard let code else { return lost(sql, risk) }
    var kind = PostgresError.Kind.server
    if code == .queryCanceled { kind = .cancelled }
    if code == .statementCompletionUnknown { kind = .outcomeUnknown }
    // The server is going away: what it was doing when it said so was undone, but for a crash, which says nothing.
    if ["FATAL", "PANIC"].contains(field("V")) {
      kind = risk == .unknown && code == .crashShutdown ? .outcomeUnknown : .connectionLost
      shutDown()
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
