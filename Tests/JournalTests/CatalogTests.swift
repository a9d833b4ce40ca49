import Foundation
import Testing

@testable import Journal

/// The message catalogues: what `journalctl -x` says of each event.
@Suite struct CatalogTests {
  static let files = ["deploy/catalog/bizclock.catalog", "deploy/catalog/bizclock.zh_CN.catalog"]

  struct Entry {
    var id: String
    var headers: [String: String]
    var text: String

    /// The fields that it shows.
    var placeholders: Set<String> {
      Set((headers["Subject", default: ""] + text).matches(of: /@([A-Z0-9_]+)@/).map { String($0.1) })
    }
  }

  /// The entries of a catalogue: `-- id`, headers, an empty line, text.
  static func entries(_ text: String) throws -> [Entry] {
    var entries: [Entry] = []
    var isHeader = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("-- ") {
        entries.append(Entry(id: String(line.dropFirst(3)), headers: [:], text: ""))
        isHeader = true
      } else if line.isEmpty && isHeader {
        isHeader = false
      } else if isHeader {
        let parts = line.split(separator: ": ", maxSplits: 1)
        try #require(parts.count == 2, "\(line)")
        entries[entries.count - 1].headers[String(parts[0])] = String(parts[1])
      } else if !entries.isEmpty {
        entries[entries.count - 1].text += line + "\n"
      } else {
        #expect(line.isEmpty || line.hasPrefix("#"))
      }
    }
    return entries
  }

  @Test(arguments: files)
  func everyEventHasAnEntry(file: String) throws {
    let entries = try CatalogTests.entries(try Repository.text(file))
    #expect(entries.map(\.id) == LogEvent.allCases.map(\.messageID))
    for entry in entries {
      #expect(entry.headers.keys.sorted() == ["Defined-By", "Subject", "Support"])
      #expect(entry.headers["Defined-By"] == "bizclock")
      #expect(entry.text.trimmingCharacters(in: .whitespacesAndNewlines).count > 20)
    }
    #expect(Set(entries.map(\.text)).count == entries.count)
  }

  @Test func bothLanguagesShowTheSameFields() throws {
    let english = try CatalogTests.entries(try Repository.text(CatalogTests.files[0]))
    let chinese = try CatalogTests.entries(try Repository.text(CatalogTests.files[1]))
    for (one, other) in zip(english, chinese) { #expect(one.placeholders == other.placeholders, "\(one.id)") }
    #expect(
      chinese.allSatisfy { $0.text.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } },
      "an entry is not translated")
  }

  /// journalctl itself compiles and reads them; the second one under the name of the first, for it shows the entries of
  /// another language only where the machine has that locale.
  @Test(
    .enabled(if: ProgramOutput.isThere("/usr/bin/journalctl"), "journalctl is not installed"),
    arguments: files)
  func journalctlReadsThem(file: String) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "catalog-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let catalogs = root.appending(path: "usr/lib/systemd/catalog")
    try FileManager.default.createDirectory(at: catalogs, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      at: root.appending(path: "var/lib/systemd/catalog"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Repository.root.appending(path: file), to: catalogs.appending(path: "bizclock.catalog"))

    let update = try ProgramOutput.of(["journalctl", "--update-catalog", "--root=\(root.path)"])
    #expect(update.status == 0 && update.errors.isEmpty, "\(update.errors)")
    let list = try ProgramOutput.of(["journalctl", "--list-catalog", "--root=\(root.path)"])
    #expect(list.status == 0 && list.errors.isEmpty, "\(list.errors)")
    let entries = try CatalogTests.entries(try Repository.text(file))
    let expected = entries.map { "\($0.id) bizclock: \($0.headers["Subject"] ?? "")" }
    #expect(String(decoding: list.output, as: UTF8.self).lines.sorted() == expected.sorted())
    let dump = try ProgramOutput.of(["journalctl", "--dump-catalog", "--root=\(root.path)"])
    #expect(dump.status == 0 && dump.errors.isEmpty, "\(dump.errors)")
    let dumped = try CatalogTests.entries(String(decoding: dump.output, as: UTF8.self))
    let texts = Dictionary(dumped.map { ($0.id, $0.text) }, uniquingKeysWith: { $1 })
    for entry in entries {
      #expect(
        texts[entry.id]?.trimmingCharacters(in: .newlines) == entry.text.trimmingCharacters(in: .newlines))
    }
  }
}
