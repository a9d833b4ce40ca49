import Glibc

/// What a descriptor that takes the log is connected to, and the sink that suits it.
public enum LogDestination: Hashable, Sendable {
  /// The journal of systemd.
  case journal
  /// A terminal.
  case terminal
  /// Anything else: a file, a pipe, another supervisor.
  case lines

  /// What a descriptor is connected to; `journalStream` is the value of `JOURNAL_STREAM`.
  ///
  /// systemd sets that variable to `device:inode` of the stream it made, and children inherit it even where their
  /// output goes elsewhere; so the descriptor itself is compared with it.
  public init(descriptor: Int32 = STDERR_FILENO, journalStream: String?) {
    var status = stat()
    if let journalStream, fstat(descriptor, &status) == 0, journalStream == "\(status.st_dev):\(status.st_ino)" {
      self = .journal
    } else {
      self = isatty(descriptor) == 1 ? .terminal : .lines
    }
  }

  /// The sink that suits the destination.
  ///
  /// Where the journal's socket cannot be reached, as in a sandbox that hides it, the descriptor still leads to the
  /// journal: JSON lines go there, each with its priority in front.
  public func makeSink(
    descriptor: Int32 = STDERR_FILENO, journal path: String = JournalSink.standardPath
  ) -> any LogSink {
    switch self {
    case .journal:
      let sink = JournalSink(path: path)
      return sink.isReachable ? sink : JSONLineSink(descriptor: descriptor, prefixesPriority: true)
    case .lines: return JSONLineSink(descriptor: descriptor)
    case .terminal: return TextSink(descriptor: descriptor)
    }
  }
}
