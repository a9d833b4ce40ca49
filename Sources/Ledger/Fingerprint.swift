import ServiceTime

/// A digest of what a change of rules moves: the same for the same moves, in whatever order they are found.
///
/// Not proof against crafted collisions, which nobody gains by.
struct Fingerprint: Equatable {
  /// Of finished clocks that are restated.
  private(set) var finished: UInt64 = 0
  /// Of all else: open clocks, new ones, alerts.
  private(set) var open: UInt64 = 0

  mutating func take(_ move: CaseMove) {
    for clock in move.clocks {
      var digest = Digest()
      digest.add(move.caseID)
      digest.add(clock.commitment)
      digest.add(Int64(clock.round))
      for side in [clock.from, clock.to] {
        digest.add(side?.state.rawValue)
        digest.add(side?.dueAt?.microseconds)
        digest.add(side?.verdict?.rawValue)
        digest.add(side.map { $0.provisional ? 1 : 0 })
      }
      if clock.isRestated { finished &+= digest.value } else { open &+= digest.value }
    }
    for alert in move.alerts { take(alert.id, alert.change, alert.levelAt) }
  }

  mutating func take(_ alert: AlertID, _ change: CaseMove.Alert.Change, _ levelAt: Instant) {
    var digest = Digest()
    digest.add(alert.description)
    digest.add(change.rawValue)
    digest.add(levelAt.microseconds)
    open &+= digest.value
  }

  /// The token that stands for a change and what it moves: `FINISHED-REST`.
  func token(of change: Rules.Change) -> String {
    var digest = Digest()
    digest.add(change.base?.policyID)
    digest.add(change.base?.calendarID)
    for (kind, document) in change.documents {
      digest.add(kind.rawValue)
      digest.add(document.text)
      for (name, text) in document.files.sorted(by: { $0.key < $1.key }) {
        digest.add(name)
        digest.add(text)
      }
    }
    digest.add(Int64(bitPattern: finished))
    return "\(Fingerprint.hex(digest.value))-\(Fingerprint.hex(open))"
  }

  /// Whether a token that was shown stands for these: all of it, or its first part where only that is given.
  static func matches(_ given: String, _ token: String) -> Bool {
    given == token || given == token.prefix { $0 != "-" }
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// FNV-1a over fields, stirred at the end, so that sums of digests keep what each says.
  private struct Digest {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    private mutating func add(byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    mutating func add(_ text: String?) {
      guard let text else { return add(byte: 0) }
      add(byte: 1)
      for byte in text.utf8 { add(byte: byte) }
      add(byte: 0xff)
    }

    mutating func add(_ number: Int64?) {
      guard let number else { return add(byte: 0) }
      add(byte: 2)
      for shift in stride(from: 0, to: 64, by: 8) { add(byte: UInt8(truncatingIfNeeded: number >> Int64(shift))) }
    }

    var value: UInt64 {
      var value = hash
      value ^= value >> 33
      value &*= 0xff51_afd7_ed55_8ccd
      value ^= value >> 33
      value &*= 0xc4ce_b9fe_1a85_ec53
      return value ^ (value >> 33)
    }
  }
}
