import Foundation
import Glibc

/// A network of two ends that can be taken apart: a namespace for programs, joined to this one by a pair of virtual
/// interfaces. Nobody is told when the cable is pulled: packets are lost.
public final class CutCable: Sendable {
  /// The namespace.
  public let namespace: String
  /// This end's address.
  public let address: String
  private let here: String
  private let there: String

  /// Makes the network; nil where that is not allowed.
  public init?() {
    guard geteuid() == 0 else { return nil }
    let number = Int.random(in: 0..<16_384)
    namespace = "bizclock\(number)"
    (here, there) = ("bz\(number)a", "bz\(number)b")
    // Of the addresses that are kept for tests of networks.
    let (third, fourth) = (number / 64, number % 64 * 4)
    address = "198.18.\(third).\(fourth + 1)"
    let made =
      CutCable.ip("netns add \(namespace)")
      && CutCable.ip("link add \(here) type veth peer name \(there) netns \(namespace)")
      && CutCable.ip("addr add \(address)/30 dev \(here)") && CutCable.ip("link set \(here) up")
      && CutCable.ip("-n \(namespace) addr add 198.18.\(third).\(fourth + 2)/30 dev \(there)")
      && CutCable.ip("-n \(namespace) link set lo up") && CutCable.ip("-n \(namespace) link set \(there) up")
    if !made {
      remove()
      return nil
    }
  }

  /// Whether such networks can be made here.
  public static let isPossible: Bool = {
    let cable = CutCable()
    cable?.remove()
    return cable != nil
  }()

  /// Pulls the cable out.
  public func cut() -> Bool { CutCable.ip("-n \(namespace) link set \(there) down") }

  /// Puts it in again.
  public func join() -> Bool { CutCable.ip("-n \(namespace) link set \(there) up") }

  /// Takes the network away.
  public func remove() {
    _ = CutCable.ip("link del \(here)")
    _ = CutCable.ip("netns del \(namespace)")
  }

  /// Runs ip(8).
  private static func ip(_ words: String) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["ip"] + words.split(separator: " ").map(String.init)
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
