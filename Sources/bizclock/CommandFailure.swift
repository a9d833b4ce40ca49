import Glibc

/// What keeps a command from being carried out, in plain words, with its exit status (sysexits.h).
struct CommandFailure: Error, CustomStringConvertible {
  var description: String
  var status: Int32

  /// What was asked for is not there: EX_NOINPUT.
  static func missing(_ message: String) -> CommandFailure { CommandFailure(description: message, status: 66) }

  /// Reading or writing failed for the reason in `errno`: EX_IOERR.
  static func io(_ message: String) -> CommandFailure {
    CommandFailure(description: "\(message): \(String(cString: strerror(errno))).", status: 74)
  }

  /// This program is put together wrongly: EX_SOFTWARE.
  static func broken(_ message: String) -> CommandFailure { CommandFailure(description: message, status: 70) }
}
