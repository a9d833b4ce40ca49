import NIOCore
import Settings

/// An address that cannot be listened on, and what to do about it.
public struct ListenFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The address as the configuration has it.
  public var address: ListenAddress
  /// What is wrong, in plain words.
  public var reason: String

  public var description: String {
    "http.listen: \(address): \(reason); set another address there, or in BIZCLOCK_HTTP_LISTEN"
  }
}
