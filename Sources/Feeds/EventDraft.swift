/// The fields of one record as bytes, before the contract's rules are applied to them.
///
/// The bytes belong to the input buffer or to the decoder's arena and are valid while the record is decoded.
struct EventDraft {
  /// How a value was written.
  enum Form: UInt8 {
    /// A JSON string.
    case text
    /// A JSON number.
    case number
    /// A JSON array; for `tags` its elements are in `tags`.
    case list
    /// A JSON object, `true` or `false`.
    case other
    /// Text without a type: a CSV cell, a default, a translated value.
    case cell
  }

  struct Value {
    var bytes: UnsafeBufferPointer<UInt8>
    var form: Form
  }

  private var values: InlineArray<18, Value>
  private var times: [Value]
  /// Milestones that have a time, as bits.
  private(set) var reached: UInt32 = 0
  /// Milestones whose column was named, as bits.
  private var seenMilestones: UInt32 = 0
  /// Fields that have a value, as bits.
  private(set) var present: UInt32 = 0
  /// Fields that were named, be it with null, as bits.
  private(set) var seen: UInt32 = 0
  /// The elements of a JSON array of tags.
  var tags: [UnsafeBufferPointer<UInt8>] = []
  /// Whether an element of the array of tags is not a string.
  var hasBadTag = false
  /// The kept fields as a JSON object, without its closing brace; empty if there are none.
  var kept: [UInt8] = []

  init(milestones: Int = 0) {
    let nothing = Value(bytes: UnsafeBufferPointer(start: nil, count: 0), form: .cell)
    values = InlineArray(repeating: nothing)
    times = Array(repeating: nothing, count: milestones)
  }

  /// Forgets the record.
  @inline(__always)
  mutating func reset() {
    present = 0
    seen = 0
    reached = 0
    seenMilestones = 0
    if !kept.isEmpty { kept.removeAll(keepingCapacity: true) }
    if !tags.isEmpty { tags.removeAll(keepingCapacity: true) }
    hasBadTag = false
  }

  /// Notes that a field was named; false if it was named before.
  @inline(__always)
  mutating func name(_ fields: UInt32) -> Bool {
    guard seen & fields == 0 else { return false }
    seen |= fields
    return true
  }

  /// Whether a field, told by its place, was not named yet.
  @inline(__always)
  func isNew(_ field: Int) -> Bool { seen & 1 &<< UInt32(truncatingIfNeeded: field) == 0 }

  /// Names a field, told by its place, that was not named yet, and gives it a text.
  @inline(__always)
  mutating func setNew(_ field: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
    let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: field)
    seen |= bit
    if bytes.isEmpty { return set(bit, bytes, .text) }
    values[field] = Value(bytes: bytes, form: .text)
    present |= bit
  }

  /// Gives fields a value; an empty text says nothing where the field's rule allows it.
  @inline(__always)
  mutating func set(_ fields: UInt32, _ bytes: UnsafeBufferPointer<UInt8>, _ form: Form) {
    var fields = fields
    if bytes.isEmpty { fields &= EventDraft.refusingEmpty }
    var left = fields
    while left != 0 {
      values[left.trailingZeroBitCount] = Value(bytes: bytes, form: form)
      left &= left - 1
    }
    present |= fields
  }

  /// Notes that a milestone's column was named; false if it was named before.
  mutating func nameMilestones(_ milestones: UInt32) -> Bool {
    guard seenMilestones & milestones == 0 else { return false }
    seenMilestones |= milestones
    return true
  }

  /// Gives milestones a time; an empty text says that they have not been reached.
  mutating func setTimes(_ milestones: UInt32, _ bytes: UnsafeBufferPointer<UInt8>, _ form: Form) {
    guard !bytes.isEmpty else { return }
    var left = milestones
    while left != 0 {
      times[left.trailingZeroBitCount] = Value(bytes: bytes, form: form)
      left &= left - 1
    }
    reached |= milestones
  }

  /// The time of a milestone that has one.
  func time(_ milestone: Int) -> Value { times[milestone] }

  /// Takes a field's value away.
  mutating func clear(_ field: EventField) { present &= ~field.bit }

  /// Whether a field has a value.
  @inline(__always)
  func has(_ field: EventField) -> Bool { present & field.bit != 0 }

  /// The value of a field; nil if it has none.
  @inline(__always)
  func value(_ field: EventField) -> Value? {
    present & field.bit != 0 ? values[field.index] : nil
  }

  private static let refusingEmpty = EventField.allCases.reduce(UInt32(0)) {
    $1.refusesEmpty ? $0 | $1.bit : $0
  }

  /// Begins the next kept field.
  mutating func appendKept(key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    kept.append(kept.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
    kept.append(contentsOf: key)
    kept.append(UInt8(ascii: ":"))
    kept.append(contentsOf: value)
  }
}
