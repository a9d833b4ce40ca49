import CLibPQ
import Glibc

/// Makes connections.
enum Connecting {
  static func connect(_ conninfo: String, _ options: ConnectionOptions) throws(PostgresError) -> ConnectionHandle {
    // Ours come before the conninfo, so that what it says wins.
    let ours: [(String, String)] = [
      ("application_name", options.applicationName), ("keepalives_idle", "5"), ("keepalives_interval", "2"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("dbname", conninfo),
    ]
    var keywords: [UnsafePointer<CChar>?] = []
    var values: [UnsafePointer<CChar>?] = []
    var owned: [UnsafeMutablePointer<CChar>?] = []
    defer { owned.forEach { free($0) } }
    for (keyword, value) in ours {
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
    guard PQstatus(raw) != CONNECTION_BAD else { throw refused(raw) }
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
      case PGRES_POLLING_FAILED: throw refused(raw)
      default: continue
      }
    }
  }

  private static func refused(_ raw: OpaquePointer) -> PostgresError {
    PostgresError(
      .unreachable, operation: "connect",
      message: Wire.firstLine(PQerrorMessage(raw).map { String(cString: $0) } ?? ""))
  }
}
