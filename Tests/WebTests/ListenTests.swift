import Glibc
import Settings
import Testing

@testable import Web

/// Addresses that can be had, and those that cannot, with words.
@Suite struct ListenTests {
  /// A port that somebody listens on.
  final class Taken: Sendable {
    private let descriptor: Int32
    let port: Int

    init() throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let bound = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
        guard let raw = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
        guard bind(descriptor, raw, length) == 0, listen(descriptor, 1) == 0 else { return -1 }
        return getsockname(descriptor, raw, &length)
      }
      try #require(bound == 0)
      port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
  }

  @Test func aTakenAddressIsTold() throws {
    let taken = try Taken()
    let address = ListenAddress(host: "127.0.0.1", port: taken.port)
    let fault = try #require(throws: ListenFault.self) { try ListenPlace.find(address) }
    #expect(
      fault.description == "http.listen: 127.0.0.1:\(taken.port): another program listens there already; "
        + "set another address there, or in BIZCLOCK_HTTP_LISTEN")
    // One of a name's addresses is enough to refuse.
    #expect(throws: ListenFault.self) { try ListenPlace.find(ListenAddress(host: "localhost", port: taken.port)) }
  }

  @Test(arguments: [
    ("192.0.2.1", "this machine has no such address"), ("no-such-host.invalid", "the host is not known"),
    ("2001:db8::1", "this machine has no such address"),
  ])
  func whatCannotBeHadIsTold(_ host: String, _ reason: String) throws {
    let fault = try #require(throws: ListenFault.self) { try ListenPlace.find(ListenAddress(host: host, port: 0)) }
    #expect(fault.reason.hasPrefix(reason), "\(fault)")
  }

  @Test(arguments: ["127.0.0.1", "localhost", "0.0.0.0"])
  func whatCanBeHadIsFound(_ host: String) throws {
    let places = try ListenPlace.find(ListenAddress(host: host, port: 0))
    #expect(!places.isEmpty && Set(places.map(\.host)).count == places.count)
    #expect(places.allSatisfy { $0.host.first?.isNumber ?? false || $0.host.hasPrefix(":") })
  }

  @Test func addressesOfIPv6KeepTheirBrackets() {
    #expect(ListenPlace(host: "::1", port: 8347).description == "[::1]:8347")
    #expect(ListenPlace(host: "127.0.0.1", port: 1).description == "127.0.0.1:1")
  }
}
