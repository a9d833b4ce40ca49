/// Files that are not what a feed reads, told by their first bytes, and what to do with them.
enum ForeignFile: Equatable {
  case workbook
  case oldWorkbook
  case openDocument
  case archive(String)
  case document
  case webPage
  case spreadsheetXML
  case utf32

  /// Bytes that tell the kinds that are no text.
  static let longest = 8

  /// The kind of a file that is no text at all.
  static func binary(_ head: UnsafeBufferPointer<UInt8>) -> ForeignFile? {
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) || head.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
      if contains(head, "[Content_Types].xml") || contains(head, "xl/") { return .workbook }
      return contains(head, "opendocument.spreadsheet") ? .openDocument : .archive("zip")
    }
    if head.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) { return .oldWorkbook }
    let archives: [(String, [UInt8])] = [
      ("gzip", [0x1F, 0x8B]), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
      ("7z", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
      ("rar", Array("Rar!\u{1A}\u{7}".utf8)),
    ]
    if head.starts(with: Array("BZh".utf8)), head.dropFirst(4).starts(with: Array("1AY".utf8)) {
      return .archive("bzip2")
    }
    if let archive = archives.first(where: { head.starts(with: $0.1) }) { return .archive(archive.0) }
    return head.starts(with: Array("%PDF-".utf8)) ? .document : nil
  }

  /// The kind of a text that begins as web pages do: spreadsheets write such under the name of their own files.
  static func markup(_ head: UnsafeBufferPointer<UInt8>) -> ForeignFile? {
    let text = CellText.trimmed(head).prefix(32).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    for beginning in ["<!doctype html", "<html", "<head", "<meta", "<table", "<style", "mime-version:"] {
      if text.starts(with: beginning.utf8) { return .webPage }
    }
    return text.starts(with: "<?xml".utf8) ? .spreadsheetXML : nil
  }

  private static func contains(_ head: UnsafeBufferPointer<UInt8>, _ text: String) -> Bool {
    head.firstRange(of: Array(text.utf8)) != nil
  }

  /// The code under which the file is refused.
  var code: RejectCode {
    switch self {
    case .webPage, .spreadsheetXML: .badCSV
    default: .badEncoding
    }
  }

  /// What it is, and what to do.
  var message: String {
    let save = "open it in the spreadsheet program, save it as \"CSV UTF-8\", and hand that file over."
    return switch self {
    case .workbook: "The file is an Excel workbook (.xlsx), not text: " + save
    case .oldWorkbook:
      "The file is a Microsoft Office document, such as an old Excel workbook (.xls), not text: " + save
    case .openDocument: "The file is an OpenDocument spreadsheet (.ods), not text: " + save
    case .archive(let name): "The file is packed (\(name)), not text: unpack it and hand over what is in it."
    case .document: "The file is a PDF document, not text: hand over the table that it was made of, as CSV."
    case .webPage: "The file is a web page, not CSV, whatever its name says: " + save
    case .spreadsheetXML: "The file is XML, not CSV, whatever its name says: " + save
    case .utf32: "The file is UTF-32: save it as UTF-8."
    }
  }
}
