import CLinux

/// Few heaps for all threads, for a daemon that stays for years: what one thread reads another lets go of, and of a heap
/// for each much would lie idle. A command that folds on two threads does without: they would wait for each other.
public enum SharedHeaps {
  /// Takes effect for threads to come.
  public static func use() { bizclock_share_heaps(2) }
}
