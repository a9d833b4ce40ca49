import Glibc

/// A file descriptor to which whole lines are written within a bounded time.
struct LineOutput: ~Copyable, Sendable {
  private enum Kind {
    /// A regular file or a device: it never keeps a writer waiting for a reader.
    case file
    /// A stream socket, for example to the journal: each call says for itself that it must not wait.
    case socket
    /// A pipe or a terminal opened anew for this sink, without blocking, which leaves the flags of the descriptor
    /// that other processes share as they are.
    case reopened
    /// A pipe or a terminal that could not be opened anew and may block: asked for room before each write of at
    /// most PIPE_BUF bytes, which a pipe with room takes unless another process fills it in between.
    case shared
  }

  private let descriptor: Int32
  private let kind: Kind
  private let mayRaiseSignal: Bool
  private let patience: UInt64

  /// How many bytes of whole lines may go into one write(2).
  ///
  /// A write of at most PIPE_BUF bytes to a pipe is taken whole or not at all and never mixes with what other
  /// processes write; a file takes far more at once.
  let batchLimit: Int

  /// An output over a descriptor that stays the caller's; `patience` milliseconds is the longest wait for a reader
  /// that takes nothing. With `reopens` false a pipe or terminal is used as it is.
  init(descriptor: Int32, patience: Int, reopens: Bool = true) {
    var status = stat()
    let type = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
    let isPipe = type == S_IFIFO
    let isTerminal = type == S_IFCHR && isatty(descriptor) == 1
    self.patience = UInt64(max(0, patience)) * 1_000_000
    self.mayRaiseSignal = isPipe
    self.batchLimit = isPipe ? Int(PIPE_BUF) : 65_536
    if isPipe || isTerminal {
      let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
      let own = reopens ? open("/proc/self/fd/\(descriptor)", flags) : -1
      self.descriptor = own >= 0 ? own : descriptor
      self.kind = own >= 0 ? .reopened : .shared
    } else {
      self.descriptor = descriptor
      self.kind = type == S_IFSOCK ? .socket : .file
    }
  }

  deinit {
    if kind == .reopened { close(descriptor) }
  }

  /// Writes bytes and returns how many the kernel took.
  ///
  /// `isStalled` is set once a reader has used up the patience; from then on nobody waits for it, so that many
  /// callers in a row do not wait one after the other, until it takes something again.
  func put(_ bytes: UnsafeRawBufferPointer, isStalled: inout Bool) -> Int {
    var done = 0
    var wait = RoomWait(patience: patience)
    while done < bytes.count {
      if kind == .shared, !wait.forRoom(in: descriptor, isStalled: &isStalled) { return done }
      let end = kind == .shared ? min(bytes.count, done + Int(PIPE_BUF)) : bytes.count
      let result = attempt(UnsafeRawBufferPointer(rebasing: bytes[done..<end]))
      switch result {
      case 1...:
        done += result
        isStalled = false
        wait = RoomWait(patience: patience)
      case -Int(EINTR): continue
      case -Int(EAGAIN):
        if !wait.forRoom(in: descriptor, isStalled: &isStalled) { return done }
      default: return done
      }
    }
    return done
  }

  /// One write(2): the bytes taken, or `-errno`.
  private func attempt(_ bytes: UnsafeRawBufferPointer) -> Int {
    if kind == .socket {
      let sent = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      return sent < 0 ? -Int(errno) : sent
    }
    let write = { [descriptor] in
      let written = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      return written < 0 ? -Int(errno) : written
    }
    return mayRaiseSignal ? BrokenPipe.withoutSignal(write) : write()
  }
}
