import Glibc

/// Why the input of a feed could not be read on.
public struct FeedReadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was being done, e.g. `read`.
  public var operation: String
  /// The system's error number.
  public var errorNumber: Int32

  /// An error of a system call.
  public init(operation: String, errorNumber: Int32) {
    self.operation = operation
    self.errorNumber = errorNumber
  }

  /// The operation and the system's words for the error.
  public var description: String { "\(operation): \(SystemMessage.text(errorNumber))" }
}

/// The system's words for its error numbers.
enum SystemMessage {
  static func text(_ number: Int32) -> String {
    // strerror itself is not safe between threads.
    var words = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &words, words.count) == 0 else { return "error \(number)" }
    return String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
