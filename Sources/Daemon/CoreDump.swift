import CLinux

/// What a process leaves behind when it dies.
public enum CoreDump {
  /// Forbids a core of this process: it would hold names and passwords. False where the system refuses that.
  @discardableResult
  public static func forbid() -> Bool { bizclock_leave_no_core() == 1 }
}
