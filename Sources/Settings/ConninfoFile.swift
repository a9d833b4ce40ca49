/// A conninfo kept in a file of its own, so that a password is in no configuration, variable or process list.
enum ConninfoFile {
  /// The one line of a file, without what surrounds it.
  static func read(_ path: String) throws(Complaint) -> String {
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(path, limit: 16_384)
    } catch {
      throw Complaint("\(path) cannot be read (\(error)); let it hold a libpq conninfo and be the daemon's to read")
    }
    // What is in it is not told, whatever is wrong with it.
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Complaint("\(path) is not UTF-8") }
    let lines = text.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
    guard lines.count == 1, let line = lines.first, Conninfo.isOne(String(line)) else {
      throw Complaint("\(path) does not hold one line with a libpq conninfo")
    }
    return String(line)
  }
}
