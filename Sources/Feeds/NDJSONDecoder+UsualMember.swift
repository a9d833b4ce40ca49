extension NDJSONDecoder {
  /// Reads the member at the cursor into the draft if it is as nearly all are: `"key":"text"` without blanks, the key
  /// short, known and new, and of one field alone, the text without escapes.
  ///
  /// Any other is left as it stands, and false returned: `readMember` reads all of them, and these to the same end.
  @inline(__always)
  mutating func readUsualMember(_ scanner: inout JSONScanner) -> Bool {
    let base = UnsafeRawPointer(scanner.base)
    let (end, readable) = (scanner.end, scanner.readable)
    func word(_ at: Int) -> UInt64 { UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }

    // A quote, a key of at most 15 bytes, `":"`: all of it, and the two words of the key, lie within 24 bytes.
    let key = scanner.at &+ 1
    guard readable &- key >= 24, scanner.base[key &- 1] == UInt8(ascii: "\"") else { return false }
    let (first, second) = (word(key), word(key &+ 8))
    let name: ShortText
    let count: Int
    let quotes = JSONScanner.equal(first, 0x22)
    if quotes != 0 {
      count = quotes.trailingZeroBitCount &>> 3
      name = ShortText(low: first & NDJSONDecoder.bytes(count), high: 0, count: count)
    } else {
      let quotes = JSONScanner.equal(second, 0x22)
      guard quotes != 0 else { return false }
      let more = quotes.trailingZeroBitCount &>> 3
      count = 8 &+ more
      name = ShortText(low: first, high: second & NDJSONDecoder.bytes(more), count: count)
    }
    let colon = key &+ count &+ 1
    guard scanner.base[colon] == UInt8(ascii: ":"), scanner.base[colon &+ 1] == UInt8(ascii: "\"") else {
      return false
    }
    let field = keys.onlyField(of: name)
    guard field >= 0, draft.isNew(field) else { return false }

    let text = colon &+ 2
    var at = text
    while true {
      guard readable &- at >= 8 else { return false }
      let hits = JSONScanner.notPlain(word(at))
      if hits == 0 {
        at = at &+ 8
        continue
      }
      at = at &+ hits.trailingZeroBitCount &>> 3
      guard scanner.base[at] >= 0x80 else { break }
      // Chinese text comes in runs.
      repeat {
        let length = UTF8Check.sequenceLength(scanner.base, at, end)
        guard length > 0 else { return false }
        at = at &+ length
      } while at < end && scanner.base[at] >= 0x80
    }
    // A line break ends the text like a quote: what is read lies within the line, whatever is behind it.
    guard at < end, scanner.base[at] == UInt8(ascii: "\"") else { return false }
    draft.setNew(field, UnsafeBufferPointer(start: scanner.base + text, count: at &- text))
    scanner.at = at &+ 1
    return true
  }

  /// A mask of the lowest bytes of a word, of 0 to 7.
  @inline(__always)
  private static func bytes(_ count: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: 8 &* count) &- 1 }
}
