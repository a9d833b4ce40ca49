import Daemon
import Glibc

/// What the kernel knows of this process, by the names that every Prometheus client uses.
enum ProcessFigures {
  /// Memory, processor time, descriptors and the beginning; what cannot be read is left out.
  static func families() -> [MetricFamily] {
    let status = read("/proc/self/stat").flatMap(Status.init)
    return [
      MetricFamily(.processMemory, status.map { Double($0.pages) * Double(sysconf(Int32(_SC_PAGESIZE))) }),
      MetricFamily(.processCPU, status.map { Double($0.ticks) / perSecond }),
      MetricFamily(.processFiles, openFiles().map(Double.init)),
      MetricFamily(.processStart, status.flatMap { begin($0.startTicks) }),
    ]
  }

  private static var perSecond: Double { Double(sysconf(Int32(_SC_CLK_TCK))) }

  /// Fields of proc(5)'s `stat` that are told.
  struct Status: Equatable {
    /// Clock ticks of user and system time.
    var ticks: UInt64
    /// Resident pages.
    var pages: UInt64
    /// When it began, in clock ticks since the machine did.
    var startTicks: UInt64

    /// Reads a line; the name in parentheses may hold spaces and parentheses.
    init?(_ text: String) {
      guard let end = text.lastIndex(of: ")") else { return nil }
      // From the third field on.
      let fields = text[text.index(after: end)...].split(separator: " ")
      guard fields.count > 21, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
        let start = UInt64(fields[19]), let pages = UInt64(fields[21])
      else { return nil }
      ticks = user &+ system
      self.pages = pages
      startTicks = start
    }
  }

  /// Seconds since 1970. A confined process does not see when the machine began; how long ago that was it does.
  private static func begin(_ ticks: UInt64) -> Double? {
    var now = timespec()
    var up = timespec()
    guard clock_gettime(CLOCK_REALTIME, &now) == 0, clock_gettime(CLOCK_BOOTTIME, &up) == 0 else { return nil }
    let since = Double(now.tv_sec - up.tv_sec) + Double(now.tv_nsec - up.tv_nsec) / 1e9
    return ((since + Double(ticks) / perSecond) * 100).rounded() / 100
  }

  private static func openFiles() -> Int? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    // Itself, and the entries of every directory.
    return count - 3
  }

  private static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}
