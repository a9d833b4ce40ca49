import Foundation

/// A file system laid over a directory that never answers, as that of a server which is gone: whoever looks at the
/// directory waits until it is taken away.
final class DeadMount: Sendable {
  /// The system does not let this process mount one.
  struct Refused: Error {}

  private let path: String
  private let device: Int32

  /// Whether this process may mount one.
  static let isPossible: Bool = {
    let folder = "/tmp/bizclock-dead-\(UUID().uuidString.prefix(8))"
    guard mkdir(folder, 0o700) == 0 else { return false }
    defer { rmdir(folder) }
    guard let mount = try? DeadMount(over: folder) else { return false }
    mount.remove()
    return true
  }()

  init(over path: String) throws {
    self.path = path
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    guard device >= 0 else { throw Refused() }
    let mounted = mount(
      "bizclock-test", path, "fuse", UInt(MS_NOSUID | MS_NODEV),
      "fd=\(device),rootmode=40000,user_id=0,group_id=0,allow_other")
    guard mounted == 0 else {
      close(device)
      throw Refused()
    }
  }

  /// Takes it away; those who wait go on.
  func remove() {
    close(device)
    umount2(path, Int32(MNT_DETACH))
  }
}
