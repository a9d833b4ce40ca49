import ArgumentParser

/// A region code in what is asked.
enum RegionOption {
  /// Refuses what no region code begins with: all of them are digits, at most 12.
  static func check(_ text: String, named name: String = "--region") throws {
    guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw ValidationError("\(name) \(text) is not a region code; write its digits, for example 469005.")
    }
  }
}
