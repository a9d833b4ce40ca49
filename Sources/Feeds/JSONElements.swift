/// Finds where the elements of a JSON text stand by its brackets and quotes, so that one that is wrong within does not
/// take the others with it.
enum JSONElements {
  /// The elements of the array that the text is, or the one object that it is; nil where brackets or quotes do not
  /// close, something stands beside it, or an element is empty. Of more than `most` elements the rest is not looked at.
  static func split(
    _ text: UnsafeBufferPointer<UInt8>, isArray: Bool, most: Int = FeedLimits.bodyRecords
  ) -> [Range<Int>]? {
    var at = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    skipBlanks(text, &at)
    guard at < text.count, text[at] == UInt8(ascii: isArray ? "[" : "{") else { return nil }
    var elements: [Range<Int>] = []
    if isArray {
      at += 1
      skipBlanks(text, &at)
      if at < text.count, text[at] == UInt8(ascii: "]") {
        at += 1
      } else {
        while true {
          guard let end = elementEnd(text, from: at), end > at, end < text.count else { return nil }
          elements.append(at..<trimmed(text, at..<end))
          if elements.count > most { return elements }
          at = end + 1
          if text[end] == UInt8(ascii: "]") { break }
          guard text[end] == UInt8(ascii: ",") else { return nil }
          skipBlanks(text, &at)
        }
      }
    } else {
      guard let end = objectEnd(text, from: at) else { return nil }
      elements.append(at..<end)
      at = end
    }
    skipBlanks(text, &at)
    return at == text.count ? elements : nil
  }

  /// The comma or bracket that ends the element at an index; nil if there is none.
  private static func elementEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard let end = objectEnd(text, from: at) else { return nil }
        at = end
      case UInt8(ascii: "\""):
        guard let end = stringEnd(text, from: at) else { return nil }
        at = end
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
        return at
      default: at += 1
      }
    }
    return nil
  }

  /// Behind the bracket that closes the one at an index; nil if none does.
  private static func objectEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var depth = 0
    var at = start
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return at + 1 }
      case UInt8(ascii: "\""):
        guard let end = stringEnd(text, from: at) else { return nil }
        at = end
        continue
      default: break
      }
      at += 1
    }
    return nil
  }

  private static func stringEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start + 1
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "\""): return at + 1
      case UInt8(ascii: "\\"): at += 2
      default: at += 1
      }
    }
    return nil
  }

  private static func skipBlanks(_ text: UnsafeBufferPointer<UInt8>, _ at: inout Int) {
    while at < text.count, isBlank(text[at]) { at += 1 }
  }

  /// The end of a range without the blanks at it.
  private static func trimmed(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var end = range.upperBound
    while end > range.lowerBound, isBlank(text[end - 1]) { end -= 1 }
    return end
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
