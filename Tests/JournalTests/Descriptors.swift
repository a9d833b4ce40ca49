import Foundation
import Testing

/// A file that goes away with the value.
final class ScratchFile: Sendable {
  let path: String
  let descriptor: Int32

  init() throws {
    let template = NSTemporaryDirectory() + "journal-XXXXXX"
    var name = Array(template.utf8CString)
    descriptor = mkstemp(&name)
    path = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""
    try #require(descriptor >= 0)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func data() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
  func lines() throws -> [String] { String(decoding: try data(), as: UTF8.self).lines }
}

/// A pipe; its ends are closed by name, once.
func makePipe() throws -> (reader: Int32, writer: Int32) {
  var ends: [Int32] = [-1, -1]
  try #require(pipe(&ends) == 0)
  return (ends[0], ends[1])
}

/// Reads what there is until the other side is closed, `chunk` bytes at a time.
func readToEnd(_ descriptor: Int32, chunk: Int = 65_536, between: () -> Void = {}) -> [UInt8] {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: chunk)
  while true {
    let count = read(descriptor, &buffer, chunk)
    if count < 0 && errno == EINTR { continue }
    if count <= 0 { return all }
    all.append(contentsOf: buffer[..<count])
    between()
  }
}

/// Both sides of a new terminal.
func makeTerminal() throws -> (master: Int32, terminal: Int32) {
  let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
  try #require(master >= 0)
  var isLocked: Int32 = 0
  var number: Int32 = 0
  // TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h.
  try #require(ioctl(master, 0x4004_5431, &isLocked) == 0)
  try #require(ioctl(master, 0x8004_5430, &number) == 0)
  let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
  try #require(terminal >= 0)
  return (master, terminal)
}

extension String {
  /// The lines of text that ends with a newline.
  var lines: [String] { split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
}
