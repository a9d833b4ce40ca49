import Foundation
import Glibc

@testable import Feeds

/// A directory of a test's own, taken away with it.
final class SpoolFolder {
  /// The spool directory.
  let path: String
  private let root: String

  init() throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/bizclock-spool-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw FeedReadError(operation: "mkdtemp", errorNumber: errno) }
    root = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = root + "/spool"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func open() throws -> SpoolDirectory { try SpoolDirectory(path: path) }

  /// Writes and closes a file; `age` sets the time of its last change to so many seconds ago.
  func put(_ content: String, _ name: String, in folder: String = "", age: Int? = nil) throws {
    let file = path + folder + "/" + name
    try put(content, file, O_TRUNC)
    guard let age else { return }
    let date = Date(timeIntervalSince1970: Double(1_800_000_000 - age))
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
  }

  func append(_ content: String, _ name: String) throws { try put(content, path + "/" + name, O_APPEND) }

  private func put(_ content: String, _ file: String, _ how: Int32) throws {
    let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0o600)
    guard descriptor >= 0, write(descriptor, content, content.utf8.count) == content.utf8.count else {
      throw FeedReadError(operation: "write", errorNumber: errno)
    }
    close(descriptor)
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

  func text(of descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  func count(_ folder: String) throws -> Int {
    guard let stream = opendir(path + "/" + folder) else {
      throw FeedReadError(operation: "opendir", errorNumber: errno)
    }
    defer { closedir(stream) }
    var count = -2
    while readdir(stream) != nil { count += 1 }
    return count
  }

  /// Binds a socket to a name.
  func listen(_ name: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array((path + "/" + name).utf8)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard bytes.count < room.count else { return false }
      room.copyBytes(from: bytes)
      return true
    }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard fits, bound == 0 else { throw FeedReadError(operation: "bind", errorNumber: errno) }
  }

  /// Waits until the spool's descriptor can be read, for ten seconds at most.
  func waitsForNews(_ spool: SpoolDirectory) -> Bool {
    var descriptor = pollfd(fd: spool.watch, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 10_000) == 1
  }
}
