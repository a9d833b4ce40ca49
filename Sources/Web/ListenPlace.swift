import Glibc
import Settings

/// One of the addresses that a configured one stands for: a name may have several.
struct ListenPlace: Sendable, Equatable {
  /// The number of an address, without brackets.
  var host: String
  var port: Int

  var description: String { ListenAddress(host: host, port: port).description }

  /// The places of an address, each of which was just free; throws where there is none.
  static func find(_ address: ListenAddress) throws(ListenFault) -> [ListenPlace] {
    func fault(_ reason: String) -> ListenFault { ListenFault(address: address, reason: reason) }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, String(address.port), &hints, &list)
    guard code == 0 else { throw fault("the host is not known (\(String(cString: gai_strerror(code))))") }
    defer { freeaddrinfo(list) }
    var places: [ListenPlace] = []
    var refusal: Int32 = 0
    var next = list
    while let info = next?.pointee {
      next = info.ai_next
      guard let host = number(info) else { continue }
      let place = ListenPlace(host: host, port: address.port)
      guard !places.contains(place) else { continue }
      switch tried(info) {
      case 0: places.append(place)
      // A name may stand for addresses that this machine does not have, as ::1 where IPv6 is off.
      case EADDRNOTAVAIL, EAFNOSUPPORT: refusal = refusal == 0 ? EADDRNOTAVAIL : refusal
      case let error: throw fault(words(error))
      }
    }
    guard !places.isEmpty else { throw fault(words(refusal)) }
    return places
  }

  private static func number(_ info: addrinfo) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard
      getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Binds for a moment; the error number, 0 for none.
  private static func tried(_ info: addrinfo) -> Int32 {
    let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 1) == 0 else { return errno }
    return 0
  }

  /// An error number of binding in plain words.
  static func words(_ error: Int32) -> String {
    switch error {
    case EADDRINUSE: "another program listens there already"
    case EADDRNOTAVAIL: "this machine has no such address"
    case EACCES: "the port is below 1024, which this user may not listen on"
    default: String(cString: strerror(error))
    }
  }
}
