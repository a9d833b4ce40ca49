import CLinux

/// Few heaps for all threads: what one reads another lets go of, and of a heap for each much would lie idle.
public enum SharedHeaps {
  /// Takes effect for threads to come.
  public static func use() { bizclock_share_heaps(2) }
}
