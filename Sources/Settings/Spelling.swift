/// Finds the word that was probably meant.
public enum Spelling {
  /// `unknown key "stat"; did you mean "start"?`, or the whole choice where nothing is near.
  static func unknown(_ what: String, _ word: String, among choices: [String]) -> String {
    let shown = word.unicodeScalars.count > 64 ? "\(word.prefix(64))…" : word
    if let near = nearest(word, among: choices) { return "unknown \(what) \"\(shown)\"; did you mean \"\(near)\"?" }
    return "unknown \(what) \"\(shown)\"; use one of: \(choices.joined(separator: ", "))"
  }

  /// The choice at the least distance, if it is near enough to be a slip.
  static func nearest(_ word: String, among choices: [String]) -> String? {
    let letters = Array(word.lowercased().replacing("-", with: "_").utf8.prefix(64))
    let near = choices.map { ($0, distance(letters, Array($0.utf8))) }.min { $0.1 < $1.1 }
    guard let near, near.1 <= max(1, min(letters.count, near.0.utf8.count) / 3) else { return nil }
    return near.0
  }

  /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
  public static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
