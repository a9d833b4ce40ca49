extension TimeZoneTable {
  /// Reads a TZif file (RFC 9636, versions 1–4), extended by its footer rule through 2111.
  ///
  /// Returns nil if the bytes are not such a file.
  public init?(name: String, tzif bytes: [UInt8]) {
    guard let table = TZifReader(bytes: bytes).table(name: name) else { return nil }
    self = table
  }
}

/// Reads the parts of a TZif file.
struct TZifReader {
  let bytes: [UInt8]

  struct Header {
    var version: UInt8
    var utCount, standardCount, leapCount, timeCount, typeCount, charCount: Int
    func bodySize(_ width: Int) -> Int {
      timeCount * width + timeCount + typeCount * 6 + charCount + leapCount * (width + 4) + standardCount
        + utCount
    }
  }

  func table(name: String) -> TimeZoneTable? {
    guard let first = header(at: 0) else { return nil }
    if first.version == 0 { return body(first, at: 44, width: 4, name: name, footerAt: nil) }
    let second = 44 + first.bodySize(4)
    guard let header = header(at: second) else { return nil }
    let start = second + 44
    return body(header, at: start, width: 8, name: name, footerAt: start + header.bodySize(8))
  }

  func header(at: Int) -> Header? {
    guard at >= 0, at + 44 <= bytes.count, Array(bytes[at..<at + 4]) == Array("TZif".utf8) else { return nil }
    func count(_ index: Int) -> Int { Int(big(at + 20 + 4 * index, 4)) }
    let header = Header(
      version: bytes[at + 4], utCount: count(0), standardCount: count(1), leapCount: count(2),
      timeCount: count(3), typeCount: count(4), charCount: count(5))
    let counts = [
      header.utCount, header.standardCount, header.leapCount, header.timeCount, header.typeCount,
      header.charCount,
    ]
    guard header.typeCount > 0, counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
    return header
  }

  func big(_ at: Int, _ width: Int) -> Int64 {
    var value: UInt64 = 0
    for index in at..<at + width { value = value << 8 | UInt64(bytes[index]) }
    return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
  }

  func body(_ h: Header, at start: Int, width: Int, name: String, footerAt: Int?) -> TimeZoneTable? {
    guard start + h.bodySize(width) <= bytes.count else { return nil }
    let indexes = start + h.timeCount * width
    let types = indexes + h.timeCount
    func offset(ofType type: Int) -> Int32? {
      type < h.typeCount ? Int32(truncatingIfNeeded: big(types + type * 6, 4)) : nil
    }
    guard let initial = offset(ofType: 0) else { return nil }
    var transitions: [Int64] = []
    var offsets: [Int32] = [initial]
    for index in 0..<h.timeCount {
      guard let next = offset(ofType: Int(bytes[indexes + index])) else { return nil }
      transitions.append(big(start + index * width, width))
      offsets.append(next)
    }
    if let footerAt, footerAt < bytes.count, bytes[footerAt] == 10,
      let end = bytes[(footerAt + 1)...].firstIndex(of: 10),
      let rule = PosixZoneRule(bytes[(footerAt + 1)..<end])
    {
      let last = transitions.last ?? Int64.min
      for (at, offset) in rule.transitions(years: 1970...2111) where at > last && offset != offsets.last {
        transitions.append(at)
        offsets.append(offset)
      }
      if transitions.isEmpty { offsets = [rule.standard] }
    }
    guard zip(transitions, transitions.dropFirst()).allSatisfy(<) else { return nil }
    return TimeZoneTable(checkedName: name, transitions, offsets)
  }
}

/// The rule in a TZif footer (POSIX TZ, with RFC 9636's hours from −167 to 167).
struct PosixZoneRule {
  /// Seconds east of UTC.
  var standard: Int32
  var daylight: (offset: Int32, begin: Day, end: Day)?

  enum Day {
    case julian(Int, time: Int)
    case zeroBased(Int, time: Int)
    case weekOfMonth(month: Int, week: Int, weekday: Int, time: Int)

    /// Seconds from 1970 on the wall, for a year.
    func local(year: Int) -> Int64 {
      let january = CivilDate(year: year, month: 1, day: 1)
      switch self {
      case .zeroBased(let day, let time):
        return (january + day).dayNumber64 * 86_400 + Int64(time)
      case .julian(let day, let time):
        let leap = CivilDate.daysInMonth(year: year, month: 2) == 29
        return (january + (day - 1 + (leap && day >= 60 ? 1 : 0))).dayNumber64 * 86_400 + Int64(time)
      case .weekOfMonth(let month, let week, let weekday, let time):
        let first = CivilDate(year: year, month: month, day: 1)
        let shift = (weekday - Int(first.weekday.rawValue) % 7 + 7) % 7
        var day = shift + (week - 1) * 7
        while day >= CivilDate.daysInMonth(year: year, month: month) { day -= 7 }
        return (first + day).dayNumber64 * 86_400 + Int64(time)
      }
    }
  }

  init?(_ text: ArraySlice<UInt8>) {
    var parser = Parser(text: text)
    guard parser.skipName(), let west = parser.time() else { return nil }
    standard = Int32(clamping: -west)
    if parser.atEnd { return }
    guard parser.skipName() else { return nil }
    var offset = Int(standard) + 3600
    if parser.peek != UInt8(ascii: ",") {
      guard let west = parser.time() else { return nil }
      offset = -west
    }
    guard let begin = parser.day(), let end = parser.day(), parser.atEnd else { return nil }
    daylight = (Int32(clamping: offset), begin, end)
  }

  func transitions(years: ClosedRange<Int>) -> [(Int64, Int32)] {
    guard let daylight else { return [] }
    var all: [(Int64, Int32)] = []
    for year in years {
      all.append((daylight.begin.local(year: year) - Int64(standard), daylight.offset))
      all.append((daylight.end.local(year: year) - Int64(daylight.offset), standard))
    }
    return all.sorted { $0.0 < $1.0 }
  }

  struct Parser {
    var text: ArraySlice<UInt8>
    var atEnd: Bool { text.isEmpty }
    var peek: UInt8? { text.first }

    mutating func take(_ byte: UInt8) -> Bool {
      guard text.first == byte else { return false }
      text.removeFirst()
      return true
    }

    mutating func skipName() -> Bool {
      if take(UInt8(ascii: "<")) {
        while let byte = text.popFirst() { if byte == UInt8(ascii: ">") { return true } }
        return false
      }
      let before = text.count
      while let byte = text.first, (byte | 0x20) >= UInt8(ascii: "a"), (byte | 0x20) <= UInt8(ascii: "z") {
        text.removeFirst()
      }
      return before - text.count >= 3
    }

    mutating func number() -> Int? {
      var value = 0
      var digits = 0
      while let byte = text.first, byte &- 48 < 10, digits < 4 {
        value = value * 10 + Int(byte &- 48)
        digits += 1
        text.removeFirst()
      }
      return digits > 0 ? value : nil
    }

    /// `[+-]h[:m[:s]]` in seconds.
    mutating func time() -> Int? {
      let negative = take(UInt8(ascii: "-"))
      if !negative { _ = take(UInt8(ascii: "+")) }
      guard let hours = number() else { return nil }
      var seconds = hours * 3600
      if take(UInt8(ascii: ":")) {
        guard let minutes = number() else { return nil }
        seconds += minutes * 60
        if take(UInt8(ascii: ":")) {
          guard let rest = number() else { return nil }
          seconds += rest
        }
      }
      return negative ? -seconds : seconds
    }

    mutating func day() -> Day? {
      guard take(UInt8(ascii: ",")) else { return nil }
      enum Kind { case month(Int, Int, Int), julian(Int), zeroBased(Int) }
      let kind: Kind
      if take(UInt8(ascii: "M")) {
        guard let month = number(), take(UInt8(ascii: ".")), let week = number(), take(UInt8(ascii: ".")),
          let weekday = number(), (1...12).contains(month), (1...5).contains(week), weekday <= 6
        else { return nil }
        kind = .month(month, week, weekday)
      } else if take(UInt8(ascii: "J")) {
        guard let day = number(), (1...365).contains(day) else { return nil }
        kind = .julian(day)
      } else {
        guard let day = number(), day <= 365 else { return nil }
        kind = .zeroBased(day)
      }
      var seconds = 7200
      if take(UInt8(ascii: "/")) {
        guard let time = time() else { return nil }
        seconds = time
      }
      switch kind {
      case .month(let month, let week, let weekday):
        return .weekOfMonth(month: month, week: week, weekday: weekday, time: seconds)
      case .julian(let day): return .julian(day, time: seconds)
      case .zeroBased(let day): return .zeroBased(day, time: seconds)
      }
    }
  }
}
