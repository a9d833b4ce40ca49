import Glibc
import Synchronization

/// What is printed: on standard output for the caller, on standard error about the work.
enum Terminal {
  /// Why standard output could not be written the first time; a reader that left is no failure.
  private static let failure = Mutex<Int32?>(nil)

  /// Fails if something that was printed is lost, as on a full disk.
  static func checkOutput() throws {
    guard let error = failure.withLock({ $0 }) else { return }
    errno = error
    throw CommandFailure.io("Standard output cannot be written")
  }

  /// Prints a line; false if nobody reads it any more.
  @discardableResult
  static func print(_ text: String) -> Bool { write(text + "\n", to: STDOUT_FILENO) }

  /// Tells about the work.
  static func note(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

  /// Writes bytes; false if nobody reads them any more.
  @discardableResult
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  @discardableResult
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 {
        let error = errno
        if error == EINTR { continue }
        if descriptor == STDOUT_FILENO, error != EPIPE { failure.withLock { $0 = $0 ?? error } }
        errno = error
        return false
      }
      rest = rest.dropFirst(written)
    }
    return true
  }

  static var isInteractive: Bool { isatty(STDOUT_FILENO) != 0 }

  /// Columns of the terminal on standard output; nil where it is none, or does not say.
  static var columns: Int? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The text cut to some columns, with an ellipsis where it was longer.
  static func cut(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    var out = ""
    var room = columns - 1
    for scalar in text.unicodeScalars {
      room -= width(String(scalar))
      guard room >= 0 else { break }
      out.unicodeScalars.append(scalar)
    }
    return out + "…"
  }

  /// Data made safe to print: control characters, which could drive a terminal, are escaped.
  static func safe(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        out += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// As `safe`, but line breaks stay: for texts whose cells are safe already.
  static func safeLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { safe(String($0)) }.joined(separator: "\n")
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }

  /// How many columns a text takes: East Asian wide characters take two.
  static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { total, scalar in
      switch scalar.value {
      case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
        0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
        total + 2
      default: scalar.properties.generalCategory == .nonspacingMark ? total : total + 1
      }
    }
  }
}
