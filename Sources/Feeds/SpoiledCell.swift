/// Tells what a spreadsheet writes where it has no value to write: `#N/A`, or `######` for a column too narrow.
enum SpoiledCell {
  private static let errors = [
    "#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA",
  ]

  /// Whether the cell is one of those.
  static func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    isNarrow(bytes) || errors.contains { bytes.elementsEqual($0.utf8) }
  }

  private static func isNarrow(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count >= 3 && bytes.allSatisfy { $0 == UInt8(ascii: "#") }
  }

  /// What it is, and what to do.
  static func remedy(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    isNarrow(bytes)
      ? "what a spreadsheet shows in a column too narrow for its value: make it wider and save the file again."
      : "the error of a spreadsheet's formula: mend it, or leave the cell empty."
  }
}
