import Foundation

/// CSV read by a parser that is not ours: Python's where there is one, else by the letter of RFC 4180.
enum CommaText {
  struct Malformed: Error, CustomStringConvertible { var description: String }

  static func records(_ text: String) throws -> [[String]] {
    let plain = try plainly(text)
    if let python = try python(text) {
      guard python == plain else { throw Malformed(description: "two parsers do not agree") }
    }
    return plain
  }

  private static func python(_ text: String) throws -> [[String]]? {
    let path = "/usr/bin/python3"
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    let file = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString).csv")
    try text.write(to: file, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = [
      "-c",
      "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8-sig'), strict=True))))",
      file.path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let printed = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Malformed(description: "python does not read it") }
    return try JSONDecoder().decode([[String]].self, from: printed)
  }

  /// Records end with CRLF; a quoted field holds anything, quotes doubled.
  private static func plainly(_ text: String) throws -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field = String.UnicodeScalarView()
    var quoted = false
    let scalars = Array(text.unicodeScalars.drop { $0 == "\u{feff}" })
    var index = 0
    func next() -> Unicode.Scalar? { index + 1 < scalars.count ? scalars[index + 1] : nil }
    while index < scalars.count {
      let scalar = scalars[index]
      if quoted {
        if scalar != "\"" {
          field.append(scalar)
        } else if next() == "\"" {
          field.append("\"")
          index += 1
        } else {
          quoted = false
        }
      } else {
        switch scalar {
        case "\"":
          guard field.isEmpty else { throw Malformed(description: "a quote within a bare field") }
          quoted = true
        case ",":
          record.append(String(field))
          field = String.UnicodeScalarView()
        case "\r":
          guard next() == "\n" else { throw Malformed(description: "a bare carriage return") }
          record.append(String(field))
          field = String.UnicodeScalarView()
          records.append(record)
          record = []
          index += 1
        case "\n": throw Malformed(description: "a bare line feed")
        default: field.append(scalar)
        }
      }
      index += 1
    }
    guard !quoted, record.isEmpty, field.isEmpty else {
      throw Malformed(description: "the last record is not ended")
    }
    return records
  }
}
