import CLinux
import Glibc

/// A descriptor that wakes a wait from outside.
final class WakeDescriptor: Sendable {
  let descriptor: Int32

  init() { descriptor = eventfd(0, O_CLOEXEC | O_NONBLOCK) }
  deinit { close(descriptor) }

  func wake() { _ = eventfd_write(descriptor, 1) }
  func drain() {
    var value: eventfd_t = 0
    _ = eventfd_read(descriptor, &value)
  }
}
