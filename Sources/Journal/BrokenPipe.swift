import Glibc

/// Writing to a pipe nobody reads must be an error, not the end of the process.
enum BrokenPipe {
  /// Runs a write(2) that returns `-errno` on failure, keeping the SIGPIPE it may raise from the process.
  ///
  /// The kernel sends that signal to the writing thread; blocking it there and taking it away again leaves the
  /// disposition of the process, which is inherited by children, to whoever owns the process.
  static func withoutSignal(_ write: () -> Int) -> Int {
    var pending = sigset_t()
    sigpending(&pending)
    // One already waits, so this thread blocks it; it is not ours to take away.
    if sigismember(&pending, SIGPIPE) == 1 { return write() }

    var signal = sigset_t()
    sigemptyset(&signal)
    sigaddset(&signal, SIGPIPE)
    var before = sigset_t()
    guard pthread_sigmask(SIG_BLOCK, &signal, &before) == 0 else { return -Int(EPIPE) }
    let result = write()
    if result == -Int(EPIPE) {
      var atOnce = timespec()
      while sigtimedwait(&signal, nil, &atOnce) == -1 && errno == EINTR {}
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    return result
  }
}
