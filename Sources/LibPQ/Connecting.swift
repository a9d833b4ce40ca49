import CLibPQ
import Glibc
import Synchronization

/// Makes connections.
enum Connecting {
  /// Which hosts were silent lately, by name and port, and until when they are asked last, in milliseconds of the
  /// monotonic clock; no more of them than conninfos name.
  private static let silent = Mutex<[String: Int64]>([:])
  private static let silence: Int64 = 60_000

  /// What overrides a conninfo's lists of hosts for one of them.
  private typealias Host = [(name: String, value: String)]

  /// Connects to the first host that answers as wanted, each within its own time: libpq, left to poll, would spend
  /// all of it on a first one that is silent. One that was silent lately is asked last.
  /// Rung at `wake`, it gives up.
  static func connect(
    _ conninfo: String, _ options: ConnectionOptions, _ wake: WakeDescriptor
  ) throws(PostgresError) -> ConnectionHandle {
    // Asked first, for libpq's own complaint repeats parts of the text, and with them of a password.
    guard isConninfo(conninfo) else {
      throw PostgresError(
        .setup, operation: "connect",
        message: "libpq does not understand the conninfo (which is not shown, as it may hold a password); in "
          + "key=value form put values with spaces, quotes or backslashes in single quotes, in a URI write them "
          + "percent-encoded")
    }
    var failures: [PostgresError] = []
    let named = hosts(conninfo)
    let now = Wire.milliseconds()
    let late = silent.withLock { silent in named.map { silent[key($0)] ?? 0 > now } }
    for host in zip(named, late).filter({ !$1 }).map(\.0) + zip(named, late).filter({ $1 }).map(\.0) {
      do throws(PostgresError) {
        let handle = try connect(conninfo, host, options, wake, among: named.count)
        silent.withLock { $0[key(host)] = nil }
        return handle
      } catch {
        if error.kind == .cancelled { throw error }
        if error.kind == .timeout { silent.withLock { $0[key(host)] = Wire.milliseconds() + silence } }
        failures.append(error)
      }
    }
    // Each host has its own reason; a code says more than none.
    throw PostgresError(
      .unreachable, operation: "connect",
      message: failures.isEmpty ? "no host is named" : failures.map(\.message).joined(separator: "; "),
      code: failures.compactMap(\.code).last)
  }

  private static func key(_ host: Host) -> String { host.map(\.value).joined(separator: "\n") }
  private static func isConninfo(_ text: String) -> Bool {
    guard let parsed = PQconninfoParse(text, nil) else { return false }
    PQconninfoFree(parsed)
    return true
  }

  /// The hosts, each as what overrides the lists, where the conninfo, its service or the environment names several;
  /// otherwise one without overrides.
  private static func hosts(_ conninfo: String) -> [Host] {
    let lists = expandedPlaces(conninfo)
    let count = max(lists["host"]?.count ?? 0, lists["hostaddr"]?.count ?? 0)
    guard count > 1 else { return [[]] }
    return (0..<count).map { index in
      lists.sorted { $0.key < $1.key }.map { name, values in
        // One port may stand for all hosts.
        (name, index < values.count ? values[index] : values.count == 1 ? values[0] : "")
      }
    }
  }

  /// The lists as libpq finds them, be it in a service file or the environment: only a connection tells. One that is asked
  /// for what libpq does not know ends before it looks for any host.
  private static func expandedPlaces(_ conninfo: String) -> [String: [String]] {
    let raw = conninfo.withCString { conninfo in
      "dbname".withCString { dbname in
        "sslmode".withCString { sslmode in
          "none of those".withCString { nothing in
            PQconnectStartParams([dbname, sslmode, nil], [conninfo, nothing, nil], 1)
          }
        }
      }
    }
    guard let raw else { return [:] }
    defer { PQfinish(raw) }
    guard let options = PQconninfo(raw) else { return [:] }
    defer { PQconninfoFree(options) }
    return places(options)
  }

  private static func places(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: [String]] {
    var lists: [String: [String]] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      let name = String(cString: keyword)
      if ["host", "hostaddr", "port"].contains(name), let value = option.pointee.val {
        lists[name] = String(cString: value).split(separator: ",", omittingEmptySubsequences: false).map(
          String.init)
      }
      option += 1
    }
    return lists
  }

  private static func connect(
    _ conninfo: String, _ host: Host, _ options: ConnectionOptions, _ wake: WakeDescriptor, among count: Int
  ) throws(PostgresError) -> ConnectionHandle {
    // Ours come before the conninfo, so that what it says wins; the host chosen from it comes after. A server that
    // vanished without a word is noticed within 5 s.
    let ours: Host = [
      ("application_name", options.applicationName), ("keepalives_idle", "2"), ("keepalives_interval", "1"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "5000"), ("dbname", conninfo),
    ]
    var keywords: [UnsafePointer<CChar>?] = []
    var values: [UnsafePointer<CChar>?] = []
    var owned: [UnsafeMutablePointer<CChar>?] = []
    defer { owned.forEach { free($0) } }
    for (keyword, value) in ours + host {
      let key = strdup(keyword)
      let text = strdup(value)
      owned += [key, text]
      keywords.append(key.map { UnsafePointer($0) })
      values.append(text.map { UnsafePointer($0) })
    }
    keywords.append(nil)
    values.append(nil)
    guard let raw = PQconnectStartParams(keywords, values, 1) else {
      throw PostgresError(.unreachable, operation: "connect", message: "out of memory")
    }
    let handle = ConnectionHandle(raw)
    // A refusal then comes with its SQLSTATE, which libpq gives in no other way.
    PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
    guard PQstatus(raw) != CONNECTION_BAD else { throw refused(raw, conninfo) }
    let patience = patience(raw, options, among: count)
    let deadline = Wire.milliseconds() + Int64(patience)
    var wanted = PGRES_POLLING_WRITING
    while true {
      var descriptors = [
        pollfd(fd: PQsocket(raw), events: Int16(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0),
        pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      let left = deadline - Wire.milliseconds()
      guard left > 0 else {
        throw PostgresError(
          .timeout, operation: "connect", message: "\(place(raw)): no connection within \(patience) ms")
      }
      guard Glibc.poll(&descriptors, 2, Int32(clamping: left)) > 0 else { continue }
      if descriptors[1].revents != 0 {
        throw PostgresError(
          .cancelled, operation: "connect", message: "the task was cancelled", code: .queryCanceled)
      }
      wanted = PQconnectPoll(raw)
      switch wanted {
      case PGRES_POLLING_OK:
        PQsetErrorVerbosity(raw, PQERRORS_DEFAULT)
        return handle
      case PGRES_POLLING_FAILED: throw refused(raw, conninfo)
      default: continue
      }
    }
  }

  /// How long a host may take, in milliseconds: what the conninfo or the environment says, or ours; of several hosts
  /// each has less, for the next one waits.
  private static func patience(_ raw: OpaquePointer, _ options: ConnectionOptions, among count: Int) -> Int32 {
    if let options = PQconninfo(raw) {
      defer { PQconninfoFree(options) }
      var option = options
      while let keyword = option.pointee.keyword {
        if String(cString: keyword) == "connect_timeout", let value = option.pointee.val,
          let seconds = Int32(String(cString: value)), seconds > 0
        {
          return seconds > Int32.max / 1_000 ? Int32.max : seconds * 1_000
        }
        option += 1
      }
    }
    return count > 1 ? min(3_000, options.connectTimeout) : options.connectTimeout
  }

  private static func place(_ raw: OpaquePointer) -> String {
    let host = PQhost(raw).map { String(cString: $0) } ?? ""
    return "host \(host.isEmpty ? "(default)" : host) port \(PQport(raw).map { String(cString: $0) } ?? "")"
  }

  /// What libpq says of a connection that it could not make, without a password that may be in it.
  private static func refused(_ raw: OpaquePointer, _ conninfo: String) -> PostgresError {
    let lines = redacted(PQerrorMessage(raw).map { String(cString: $0) } ?? "", conninfo)
      .split(separator: "\n").map(String.init)
    // A name may stand for several addresses: what a server said tells more than that another did not answer.
    for line in lines {
      if let (message, code) = coded(line) {
        return PostgresError(.unreachable, operation: "connect", message: message, code: code)
      }
    }
    return PostgresError(.unreachable, operation: "connect", message: Wire.firstLine(lines.first ?? ""))
  }

  private static func redacted(_ text: String, _ conninfo: String) -> String {
    guard let parsed = PQconninfoParse(conninfo, nil) else { return text }
    defer { PQconninfoFree(parsed) }
    var text = text
    var option = parsed
    while let keyword = option.pointee.keyword {
      if ["password", "sslpassword"].contains(String(cString: keyword)), let value = option.pointee.val {
        let secret = String(cString: value)
        if !secret.isEmpty { text = text.replacing(secret, with: "…") }
      }
      option += 1
    }
    return text
  }

  /// Splits `FATAL:  28P01: password authentication failed` into the message without its code, and the code.
  static func coded(_ line: String) -> (message: String, code: SQLState)? {
    let bytes = Array(line.utf8)
    guard bytes.count > 9 else { return nil }
    for start in 0..<(bytes.count - 9)
    where bytes[start...].starts(with: ":  ".utf8) && bytes[(start + 8)...].starts(with: ": ".utf8) {
      let code = bytes[(start + 3)..<(start + 8)]
      guard code.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) }) else { continue }
      return (
        String(decoding: bytes[..<(start + 3)], as: UTF8.self)
          + String(decoding: bytes[(start + 10)...], as: UTF8.self),
        SQLState(String(decoding: code, as: UTF8.self))
      )
    }
    return nil
  }
}
