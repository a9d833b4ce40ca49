/// Walks over the members of a JSON object, for people who look at it: not for the hot path.
enum JSONMembers {
  /// Hands out each key with its value's place until the body says false or the line is no JSON any more.
  static func each(
    of line: UnsafeBufferPointer<UInt8>,
    _ body: (_ key: UnsafeBufferPointer<UInt8>, _ value: Range<Int>) -> Bool
  ) {
    guard let base = line.baseAddress else { return }
    let arena = ByteArena()
    arena.reset(capacity: line.count)
    var scanner = JSONScanner(base: base, count: line.count)
    do throws(JSONScanner.Fault) {
      scanner.skipBlanks()
      try scanner.expect(UInt8(ascii: "{"), "")
      scanner.skipBlanks()
      while scanner.current == UInt8(ascii: "\"") {
        let key = JSONScanner.plain(try scanner.scanString(), arena: arena)
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: ":"), "")
        scanner.skipBlanks()
        let start = scanner.at
        try scanner.skipValue(level: 2)
        guard body(key, start..<scanner.at) else { return }
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: ","), "")
        scanner.skipBlanks()
      }
    } catch {
      return
    }
  }
}
