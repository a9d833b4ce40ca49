import Glibc
import Synchronization

/// A small file system under the database, which can be filled and emptied again; only root can mount one.
final class Disk: Sendable {
  let path: String
  private let isMounted = Mutex(false)
  private var ballast: String { path + "/ballast" }

  /// A place for one; nothing is mounted.
  init(path: String) { self.path = path }

  /// Mounts it; false where that is not allowed.
  func mount() -> Bool {
    guard geteuid() == 0, Glibc.mount("tmpfs", path, "tmpfs", 0, "size=256m,mode=755") == 0 else { return false }
    isMounted.withLock { $0 = true }
    return true
  }

  /// Leaves a bounded room free, so that filling it takes a moment only.
  func leaveRoom() {
    guard isMounted.withLock({ $0 }), let (used, _) = space() else { return }
    // MS_REMOUNT
    _ = Glibc.mount("tmpfs", path, "tmpfs", 32, "size=\((used >> 20) + 160)m")
  }

  /// Takes all the room that is left.
  func fill() {
    let file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    var size: off_t = 0
    for _ in 0..<100 {
      guard let (_, free) = space(), free > 0 else { return }
      guard posix_fallocate(file, size, off_t(free)) == 0 else { continue }
      size += off_t(free)
    }
  }

  /// Gives the room back.
  func relieve() { unlink(ballast) }

  /// Unmounts it.
  func unmount() {
    guard isMounted.withLock({ $0 }) else { return }
    // MNT_DETACH
    _ = umount2(path, 2)
  }

  private func space() -> (used: Int, free: Int)? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let unit = Int(status.f_frsize)
    return ((Int(status.f_blocks) - Int(status.f_bfree)) * unit, Int(status.f_bavail) * unit)
  }
}
