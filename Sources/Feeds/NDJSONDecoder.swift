import Glibc
import ServiceTime

/// Turns lines of JSON into events without building a document: one walk over the bytes of each line.
struct NDJSONDecoder {
  let keys: KeyTable
  let builder: EventBuilder
  var draft: EventDraft
  let arena = ByteArena()
  /// Which kept keys the line has named, by the line's number: a fresh line need not clear it.
  private var keptSeen: [Int]
  private var serial = 0

  /// `labelled` is the feed as messages name its fields, where that is not by the keys that are read.
  init(feed: FeedDescription, labelled: FeedDescription? = nil) {
    keys = KeyTable(feed: feed)
    builder = EventBuilder(feed: labelled ?? feed)
    draft = EventDraft(milestones: feed.milestones.count)
    keptSeen = Array(repeating: 0, count: feed.keep.count)
  }

  /// Decodes the whole lines of the window until it or the batch is full; returns how many bytes it took.
  ///
  /// It takes nothing where the window holds no whole line.
  mutating func decode(
    _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, now: Instant, maximumRecords: Int,
    cursor: inout FeedCursor, into batch: inout FeedBatch
  ) -> Int {
    guard let base = window.baseAddress else { return 0 }
    var at = 0
    while at < window.count, !batch.isFull(maximumRecords) {
      let line = base + at
      let left = window.count - at
      var length = left
      var used = left
      if let newline = memchr(line, 0x0A, left) {
        length = UnsafeRawPointer(newline) - UnsafeRawPointer(line)
        used = length + 1
      } else if !isLast {
        break
      }
      if length > 0, line[length - 1] == 0x0D { length -= 1 }
      decodeLine(
        UnsafeBufferPointer(start: line, count: length), readable: left, cursor: cursor, now: now, into: &batch)
      batch.advance(&cursor, lines: 1, bytes: used)
      at += used
    }
    return at
  }

  @inline(__always)
  private mutating func decodeLine(
    _ line: UnsafeBufferPointer<UInt8>, readable: Int, cursor: FeedCursor, now: Instant, into batch: inout FeedBatch
  ) {
    guard line.count <= FeedLimits.lineBytes else {
      let head = Array(line.prefix(FeedLimits.truncatedBytes))
      batch.refuse(.tooLarge(head: head, length: line.count, at: cursor, header: nil))
      return
    }
    do throws(FieldFault) {
      guard try readLine(line, readable: readable) else {
        batch.blankLines += 1
        return
      }
      if builder.hasMilestones {
        batch.append(try builder.buildMilestones(&draft, now: now), from: line, at: cursor)
      } else {
        batch.append(try builder.build(&draft, now: now), from: line, at: cursor)
      }
    } catch {
      batch.refuse(NDJSONDecoder.reject(error, line, cursor))
    }
  }

  /// Reads one line into the draft; false if it is blank.
  private mutating func readLine(
    _ line: UnsafeBufferPointer<UInt8>, readable: Int
  ) throws(FieldFault) -> Bool {
    guard let base = line.baseAddress else { return false }
    var scanner = JSONScanner(base: base, count: line.count, readable: readable)
    scanner.skipBlanks()
    guard scanner.at < scanner.end else { return false }
    begin(bytes: line.count)
    let fault: FieldFault?
    do throws(JSONScanner.Fault) {
      fault = try readObject(&scanner)
    } catch {
      throw NDJSONDecoder.fieldFault(error, line)
    }
    if let fault { throw fault }
    return true
  }

  /// Forgets the record before, and makes room for one of so many bytes.
  @inline(__always)
  mutating func begin(bytes: Int) {
    draft.reset()
    arena.reset(capacity: bytes)
    serial &+= 1
  }

  /// Reads the object at the cursor to the end of the line; returns the first fault of a key or a kept value.
  private mutating func readObject(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> FieldFault? {
    let found = try readMembers(&scanner)
    scanner.skipBlanks()
    guard scanner.at == scanner.end else {
      throw JSONScanner.Fault("something follows the object", at: scanner.at)
    }
    return found
  }

  /// Reads the object at the cursor; returns the first fault of a key or a kept value.
  mutating func readMembers(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> FieldFault? {
    try scanner.expect(UInt8(ascii: "{"), "a line must be one JSON object")
    var found: FieldFault?
    scanner.skipBlanks()
    if scanner.current == UInt8(ascii: "}") {
      scanner.at += 1
    } else {
      while true {
        if !readUsualMember(&scanner), let fault = try readMember(&scanner), found == nil { found = fault }
        scanner.skipBlanks()
        if scanner.current == UInt8(ascii: "}") {
          scanner.at += 1
          break
        }
        try scanner.expect(UInt8(ascii: ","), "a comma or } is expected")
        scanner.skipBlanks()
      }
    }
    return found
  }

  /// Reads one key and its value into the draft; returns a fault if the key was there before, or cannot be kept.
  @inline(never)
  private mutating func readMember(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> FieldFault? {
    guard scanner.current == UInt8(ascii: "\"") else {
      throw JSONScanner.Fault("a key in quotes is expected", at: scanner.at)
    }
    let keyStart = scanner.at
    let rawKey = try scanner.scanString()
    let quotedKey = scanner.slice(from: keyStart)
    scanner.skipBlanks()
    try scanner.expect(UInt8(ascii: ":"), "a colon is expected after a key")
    scanner.skipBlanks()
    let key = JSONScanner.plain(rawKey, arena: arena)
    guard let role = keys.role(of: key) else {
      try scanner.skipValue(level: 2)
      return nil
    }
    let isNew =
      draft.name(role.fields) && (role.milestones == 0 || draft.nameMilestones(role.milestones))
      && nameKept(role.keepIndex)
    let valueStart = scanner.at
    scanner.hugeNumberAt = nil
    try readValue(&scanner, role)
    if role.keepIndex >= 0, let at = scanner.hugeNumberAt { return NDJSONDecoder.hugeNumber(key, column: at + 1) }
    if role.keepIndex >= 0, scanner.base[valueStart] != UInt8(ascii: "n") {
      draft.appendKept(key: quotedKey, value: scanner.slice(from: valueStart))
    }
    return isNew ? nil : NDJSONDecoder.repeatedKey(key, column: keyStart + 1)
  }

  @inline(__always)
  private mutating func nameKept(_ index: Int) -> Bool {
    guard index >= 0 else { return true }
    guard keptSeen[index] != serial else { return false }
    keptSeen[index] = serial
    return true
  }

  @inline(__always)
  private mutating func put(
    _ role: KeyTable.Role, _ bytes: UnsafeBufferPointer<UInt8>, _ form: EventDraft.Form
  ) {
    draft.set(role.fields, bytes, form)
    if role.milestones != 0 { draft.setTimes(role.milestones, bytes, form) }
  }

  @inline(__always)
  private mutating func readValue(_ scanner: inout JSONScanner, _ role: KeyTable.Role) throws(JSONScanner.Fault) {
    let start = scanner.at
    switch scanner.current {
    case UInt8(ascii: "\""):
      let text = try scanner.scanString()
      put(role, JSONScanner.plain(text, arena: arena), .text)
    case UInt8(ascii: "n"):
      try scanner.scanLiteral("null")
    case UInt8(ascii: "["):
      if role.fields & EventField.tags.bit != 0 {
        try readTags(&scanner)
      } else {
        try scanner.skipValue(level: 2)
      }
      put(role, scanner.slice(from: start), .list)
    case UInt8(ascii: "{"), UInt8(ascii: "t"), UInt8(ascii: "f"):
      try scanner.skipValue(level: 2)
      put(role, scanner.slice(from: start), .other)
    default:
      try scanner.scanNumber()
      put(role, scanner.slice(from: start), .number)
    }
  }

  /// Reads an array into the draft's tags.
  private mutating func readTags(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) {
    draft.tags.removeAll(keepingCapacity: true)
    draft.hasBadTag = false
    scanner.at += 1
    scanner.skipBlanks()
    if scanner.current == UInt8(ascii: "]") {
      scanner.at += 1
      return
    }
    while true {
      if scanner.current == UInt8(ascii: "\"") {
        draft.tags.append(JSONScanner.plain(try scanner.scanString(), arena: arena))
      } else {
        draft.hasBadTag = true
        try scanner.skipValue(level: 3)
      }
      scanner.skipBlanks()
      if scanner.current == UInt8(ascii: "]") {
        scanner.at += 1
        return
      }
      try scanner.expect(UInt8(ascii: ","), "a comma or ] is expected")
      scanner.skipBlanks()
    }
  }
}

// MARK: Faults

extension NDJSONDecoder {
  static func repeatedKey(_ key: UnsafeBufferPointer<UInt8>, column: Int) -> FieldFault {
    let name = Excerpt.quoted(key)
    return FieldFault(
      .badField, EventField(rawValue: String(decoding: key, as: UTF8.self)),
      "The key \(name) stands twice in the line: send it once.", column: column)
  }

  private static func hugeNumber(_ key: UnsafeBufferPointer<UInt8>, column: Int) -> FieldFault {
    FieldFault(
      .badField, EventField(rawValue: String(decoding: key, as: UTF8.self)),
      "\(Excerpt.quoted(key)), which the feed keeps, holds a number that is too long: send it as a string.",
      column: column)
  }

  static func fieldFault(_ fault: JSONScanner.Fault, _ line: UnsafeBufferPointer<UInt8>) -> FieldFault {
    // Bytes that are not UTF-8 explain a broken line better than what they break.
    if let at = UTF8Check.firstInvalid(line) {
      return FieldFault(
        .badEncoding, nil,
        "The line is not valid UTF-8 from its byte \(at + 1) on: save or send it as UTF-8.", column: at + 1)
    }
    let column = fault.at + 1
    if fault.code == .badField {
      return FieldFault(fault.code, nil, "At byte \(column) of the line, \(fault.message).", column: column)
    }
    return FieldFault(
      fault.code, nil,
      "The line is not valid JSON: at byte \(column), \(fault.message); send one object a line.", column: column)
  }

  static func reject(
    _ fault: FieldFault, _ line: UnsafeBufferPointer<UInt8>, _ cursor: FeedCursor
  ) -> Reject {
    Reject(
      code: fault.code, message: fault.message,
      position: Reject.Position(
        line: cursor.line, byteOffset: cursor.offset, column: fault.column, field: fault.place),
      raw: Array(line))
  }
}
