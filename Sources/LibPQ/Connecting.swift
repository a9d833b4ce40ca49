import CLibPQ
import Glibc

/// Makes connections.
enum Connecting {
  /// Connects to the first host that answers as wanted, each within its own time: libpq, left to poll, would spend
  /// all of it on a first one that is silent.
  static func connect(_ conninfo: String, _ options: ConnectionOptions) throws(PostgresError) -> ConnectionHandle {
    // Asked first, for libpq's own complaint repeats parts of the text, and with them of a password.
    guard isConninfo(conninfo) else {
      throw PostgresError(
        .setup, operation: "connect",
        message: "libpq does not understand the conninfo (which is not shown, as it may hold a password); in "
          + "key=value form put values with spaces, quotes or backslashes in single quotes, in a URI write them "
          + "percent-encoded")
    }
    var failure: PostgresError?
    for host in hosts(conninfo) {
      do throws(PostgresError) {
        return try connect(conninfo, host, options)
      } catch {
        failure = error
      }
    }
    throw failure ?? PostgresError(.unreachable, operation: "connect", message: "no host is named")
  }

  private static func isConninfo(_ text: String) -> Bool {
    guard let parsed = PQconninfoParse(text, nil) else { return false }
    PQconninfoFree(parsed)
    return true
  }

  /// The hosts of a conninfo that names several, each as what overrides the lists; otherwise one without overrides.
  private static func hosts(_ conninfo: String) -> [[(String, String)]] {
    guard let parsed = PQconninfoParse(conninfo, nil) else { return [[]] }
    defer { PQconninfoFree(parsed) }
    var lists: [String: [String]] = [:]
    var option = parsed
    while let keyword = option.pointee.keyword {
      let name = String(cString: keyword)
      if ["host", "hostaddr", "port"].contains(name), let value = option.pointee.val {
        lists[name] = String(cString: value).split(separator: ",", omittingEmptySubsequences: false).map(
          String.init)
      }
      option += 1
    }
    let count = max(lists["host"]?.count ?? 0, lists["hostaddr"]?.count ?? 0)
    guard count > 1 else { return [[]] }
    return (0..<count).map { index in
      lists.sorted { $0.key < $1.key }.map { name, values in
        // One port may stand for all hosts.
        (name, index < values.count ? values[index] : values.count == 1 ? values[0] : "")
      }
    }
  }

  private static func connect(
    _ conninfo: String, _ host: [(String, String)], _ options: ConnectionOptions
  ) throws(PostgresError) -> ConnectionHandle {
    // Ours come before the conninfo, so that what it says wins; the host chosen from it comes after.
    let ours: [(String, String)] = [
      ("application_name", options.applicationName), ("keepalives_idle", "5"), ("keepalives_interval", "2"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("dbname", conninfo),
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
    let deadline = Wire.milliseconds() + Int64(options.connectTimeout)
    var wanted = PGRES_POLLING_WRITING
    guard PQstatus(raw) != CONNECTION_BAD else { throw refused(raw, conninfo) }
    while true {
      var descriptor = pollfd(
        fd: PQsocket(raw), events: Int16(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
      let left = deadline - Wire.milliseconds()
      guard left > 0 else {
        throw PostgresError(
          .unreachable, operation: "connect", message: "no connection within \(options.connectTimeout) ms")
      }
      guard Glibc.poll(&descriptor, 1, Int32(clamping: left)) > 0 else { continue }
      wanted = PQconnectPoll(raw)
      switch wanted {
      case PGRES_POLLING_OK: return handle
      case PGRES_POLLING_FAILED: throw refused(raw, conninfo)
      default: continue
      }
    }
  }

  /// What libpq says of a connection that it could not make, without a password that may be in it.
  private static func refused(_ raw: OpaquePointer, _ conninfo: String) -> PostgresError {
    var message = Wire.firstLine(PQerrorMessage(raw).map { String(cString: $0) } ?? "")
    if let parsed = PQconninfoParse(conninfo, nil) {
      defer { PQconninfoFree(parsed) }
      var option = parsed
      while let keyword = option.pointee.keyword {
        if ["password", "sslpassword"].contains(String(cString: keyword)), let value = option.pointee.val {
          let secret = String(cString: value)
          if !secret.isEmpty { message = message.replacing(secret, with: "…") }
        }
        option += 1
      }
    }
    return PostgresError(.unreachable, operation: "connect", message: message)
  }
}
