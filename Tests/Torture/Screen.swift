import Glibc

/// What the run tells while it goes on.
enum Screen {
  /// Writes one line at once.
  static func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      done += max(0, count)
    }
  }
}
