/// What the columns or keys of a feed mean, found by their bytes.
struct KeyTable {
  /// What one column or key feeds.
  struct Role {
    /// The contract fields it gives, as bits.
    var fields: UInt32 = 0
    /// The milestones whose time it is, as bits.
    var milestones: UInt32 = 0
    /// Its place in the feed's `keep`, or -1.
    var keepIndex = -1

    /// The one field that it gives, where it gives nothing else.
    var onlyField: Int? {
      fields.nonzeroBitCount == 1 && milestones == 0 && keepIndex < 0 ? fields.trailingZeroBitCount : nil
    }

    /// Whether an event takes something from it.
    var isEmpty: Bool { fields == 0 && milestones == 0 }
  }

  private struct Slot {
    /// The name, or what stands for it where it has more than 15 bytes; then it is in `names`.
    var name = ShortText.none
    var start = 0
    var role = Role()
    /// `role.onlyField`, or -1.
    var onlyField = -1
  }

  private var slots: [Slot]
  private var names: [UInt8] = []
  private let mask: Int

  /// The roles that a feed's mapping and `keep` give, and the contract's own names for the rest.
  init(feed: FeedDescription) {
    var roles: [[UInt8]: Role] = [:]
    var claimed = Set(feed.mapping.values.map { Array($0.column.utf8) })
    for (index, milestone) in feed.milestones.prefix(FeedLimits.milestones).enumerated() {
      let column = Array(milestone.column.utf8)
      claimed.insert(column)
      roles[column, default: Role()].milestones |= 1 << UInt32(index)
    }
    for field in EventField.allCases {
      if let mapped = feed.mapping[field] {
        roles[Array(mapped.column.utf8), default: Role()].fields |= field.bit
      } else if !claimed.contains(Array(field.rawValue.utf8)),
        feed.milestones.isEmpty || !field.isOfOneEvent
      {
        roles[Array(field.rawValue.utf8), default: Role()].fields |= field.bit
      }
    }
    for (index, name) in feed.keep.enumerated() {
      roles[Array(name.utf8), default: Role()].keepIndex = index
    }
    var size = 64
    while size < roles.count * 4 { size *= 2 }
    mask = size - 1
    slots = Array(repeating: Slot(), count: size)
    for (name, role) in roles {
      let short = name.withUnsafeBufferPointer { ShortText($0) ?? ShortText(standingFor: $0) }
      var at = short.hash & mask
      while slots[at].name != .none { at = (at + 1) & mask }
      slots[at] = Slot(name: short, start: names.count, role: role, onlyField: role.onlyField ?? -1)
      names += name
    }
  }

  /// The role of a column or key; nil if it has none.
  @inline(__always)
  func role(of key: UnsafeBufferPointer<UInt8>) -> Role? {
    guard let short = ShortText(key) else { return longRole(key) }
    var at = short.hash & mask
    while slots[at].name != short {
      guard slots[at].name != .none else { return nil }
      at = (at + 1) & mask
    }
    return slots[at].role
  }

  /// The place of the one field that a short key gives; -1 if it gives none, or more.
  @inline(__always)
  func onlyField(of key: ShortText) -> Int {
    var at = key.hash & mask
    while slots[at].name != key {
      guard slots[at].name != .none else { return -1 }
      at = (at + 1) & mask
    }
    return slots[at].onlyField
  }

  private func longRole(_ key: UnsafeBufferPointer<UInt8>) -> Role? {
    let long = ShortText(standingFor: key)
    var at = long.hash & mask
    while slots[at].name != .none {
      let slot = slots[at]
      if slot.name == long, names[slot.start..<slot.start + key.count].elementsEqual(key) { return slot.role }
      at = (at + 1) & mask
    }
    return nil
  }
}
