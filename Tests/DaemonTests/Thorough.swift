import Foundation

/// How long the heavy scenarios are tried: the variable `BIZCLOCK_FAILOVER` says how many rounds; once if it is not set.
enum Thorough {
  static let rounds = max(1, ProcessInfo.processInfo.environment["BIZCLOCK_FAILOVER"].flatMap { Int($0) } ?? 1)
}
