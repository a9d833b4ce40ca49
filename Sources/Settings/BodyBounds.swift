/// Reads the bounds of posted bodies: `4 MiB`, `512 KiB`, `30s`.
enum BodyBounds {
  /// Bytes that a body may be allowed: what is above would not fit into one batch.
  static let bytes = (64 << 10)...(16 << 20)
  /// Microseconds that it may be allowed to take.
  static let time: ClosedRange<Int64> = 1_000_000...300_000_000

  static func bytes(_ text: String) throws(Complaint) -> Int {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    let units = ["KiB": 1 << 10, "MiB": 1 << 20]
    guard words.count == 2, let number = WholeNumber.parse(words[0]), let unit = units[String(words[1])] else {
      throw Complaint("\"\(text)\" is not a size; write for example 4 MiB or 512 KiB")
    }
    guard number <= bytes.upperBound, bytes.contains(number * unit) else {
      throw Complaint("\(text) is out of bounds; write a size from 64 KiB to 16 MiB")
    }
    return number * unit
  }

  static func time(_ text: String) throws(Complaint) -> Int64 {
    let time = try PlainTime.microseconds(text)
    guard self.time.contains(time) else {
      throw Complaint("\(text) is out of bounds; write a time from 1s to 5m")
    }
    return time
  }
}

extension ConfigurationReader {
  /// Takes over the bounds of posted bodies.
  func applyBodyBounds(_ http: FieldMap, to settings: inout HTTPSettings) {
    let bytes = http["body_limit"]?.value { text throws(Complaint) in try BodyBounds.bytes(text) }
    if let bytes { settings.bodyLimit = bytes }
    let time = http["body_time"]?.value { text throws(Complaint) in try BodyBounds.time(text) }
    if let time { settings.bodyTime = time }
  }
}
