import Dispatch
import Foundation
import Glibc

/// A connection of bytes, each call on a thread of its own: what a client of a library would never send can be sent.
public final class RawClient: Sendable {
  /// What went wrong, in words.
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// An answer taken apart.
  public struct Reply: Sendable {
    /// The status.
    public var status: Int
    /// Fields by their names in small letters.
    public var fields: [String: String]
    /// The body.
    public var body: String

    /// A field.
    public subscript(name: String) -> String? { fields[name.lowercased()] }
  }

  private let descriptor: Int32

  /// Connects to `host:port`; no call waits longer than 20 seconds.
  public init(_ address: String) throws {
    guard let colon = address.lastIndex(of: ":") else { throw Failure(description: "no port in \(address)") }
    let host = address[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICHOST
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(address[address.index(after: colon)...]), &hints, &list) == 0, let info = list
    else { throw Failure(description: "no address in \(address)") }
    defer { freeaddrinfo(list) }
    descriptor = socket(info.pointee.ai_family, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
      close(descriptor)
      throw Failure(description: "connect: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// Sends a text; false once the other side has closed.
  public func send(_ text: String) async -> Bool { await send(Array(text.utf8)) }

  /// Sends bytes; false once the other side has closed.
  public func send(_ whole: [UInt8]) async -> Bool {
    await blocking { [descriptor] in
      var bytes = whole[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count <= 0 { return false }
        bytes = bytes.dropFirst(count)
      }
      return true
    }
  }

  /// Says that nothing more will be sent.
  public func finish() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Whether something has come, or the other side has closed; asked without waiting.
  public var hasAnswer: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0 || errno != EAGAIN
  }

  /// All that comes until the other side closes.
  public func readToEnd() async throws -> String {
    try await blocking { [descriptor] in
      var bytes: [UInt8] = []
      while let more = try RawClient.read(descriptor) { bytes += more }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The next answer, whose end its Content-Length tells.
  public func reply(hasBody: Bool = true) async throws -> Reply {
    try await blocking { [descriptor] in
      var bytes: [UInt8] = []
      let end = Array("\r\n\r\n".utf8)
      while bytes.firstRange(of: end) == nil {
        guard let more = try RawClient.read(descriptor) else {
          throw Failure(description: "closed before an answer")
        }
        bytes += more
      }
      let head = bytes.firstRange(of: end) ?? 0..<0
      let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
      var fields: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        fields[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
      }
      let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      var body = Array(bytes[head.upperBound...])
      let length = hasBody ? fields["content-length"].flatMap { Int($0) } ?? 0 : 0
      while body.count < length {
        guard let more = try RawClient.read(descriptor) else { throw Failure(description: "closed within a body") }
        body += more
      }
      return Reply(status: status, fields: fields, body: String(decoding: body, as: UTF8.self))
    }
  }

  private static func read(_ descriptor: Int32) throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.recv(descriptor, &buffer, buffer.count, 0)
    // A reset is an end too.
    if count == 0 || count < 0 && errno == ECONNRESET { return nil }
    guard count > 0 else { throw Failure(description: "read: \(String(cString: strerror(errno)))") }
    return Array(buffer[..<count])
  }

  private func blocking<R: Sendable, E: Error>(_ body: @escaping @Sendable () throws(E) -> R) async throws(E) -> R {
    try await withCheckedContinuation { (done: CheckedContinuation<Result<R, E>, Never>) in
      Thread.detachNewThread { done.resume(returning: Result { () throws(E) in try body() }) }
    }.get()
  }

  /// Posts a body on a connection of its own; `fields` are further lines of the head.
  public static func post(
    _ address: String, _ path: String, _ body: [UInt8], token: String?, fields: [String]
  ) async throws -> Reply {
    let client = try RawClient(address)
    _ = await client.post(path, body, token: token, fields: fields)
    return try await client.reply()
  }

  /// Sends a post with its whole body; false once the other side has closed.
  public func post(_ path: String, _ body: [UInt8], token: String?, fields: [String]) async -> Bool {
    let lines =
      ["POST \(path) HTTP/1.1", "Host: x", "Content-Length: \(body.count)"]
      + (token.map { ["Authorization: \($0)"] } ?? []) + fields
    return await send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
  }

  /// One request on a connection of its own.
  public static func ask(_ address: String, _ path: String, _ method: String = "GET", token: String? = nil)
    async throws
    -> Reply
  {
    let client = try RawClient(address)
    let authorization = token.map { "Authorization: \($0)\r\n" } ?? ""
    _ = await client.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(authorization)\r\n")
    return try await client.reply(hasBody: method != "HEAD")
  }
}
