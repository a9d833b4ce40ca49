import Glibc

/// What tells whether a file is still the one that was opened, with the same content.
struct SpoolFileState: Equatable {
  let device: UInt
  let inode: UInt
  private var size: Int
  private var seconds: Int
  private var nanoseconds: Int

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }

  /// When it was last written to, in nanoseconds since 1970.
  var modified: Int { seconds &* 1_000_000_000 &+ nanoseconds }

  /// Whether it is the same file, whatever is in it.
  func isSameFile(as other: SpoolFileState) -> Bool { device == other.device && inode == other.inode }
}
