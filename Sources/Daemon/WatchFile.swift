import Ledger
import ServiceTime

/// The levels that come next, in the file `watch` of the state directory: so a daemon that starts while the database is
/// away knows them.
struct WatchFile {
  private let file: StateFile

  init(directory: String) { file = StateFile(directory: directory, name: "watch", limit: 256 << 20) }

  /// Puts what is watched in the place of what is there.
  func save(_ contents: LevelWatch.Contents, _ words: AbsenceWords, at now: Instant) throws(StateFile.Failure) {
    try file.makeDirectory()
    var text = CheckedLine.make(
      ["watch", String(now.microseconds), String(contents.until.microseconds), String(contents.count)])
    for line in words.lines { text += CheckedLine.make(line) }
    contents.forEach { text += CheckedLine.make(["level"] + $0.fields) }
    try file.replace(text)
  }

  /// Takes the file away.
  func remove() throws(StateFile.Failure) { try file.replace("") }

  /// What is read of the file.
  struct Loaded {
    var contents = LevelWatch.Contents()
    var words = AbsenceWords()
    /// What is wrong with it; nil if nothing is.
    var trouble: String?
  }

  /// What was watched when it was written. One older than it looks ahead tells nothing any more: other daemons may
  /// have led since, and whatever is due is told once the database serves.
  func load(now: Instant) -> Loaded {
    var loaded = Loaded()
    do throws(StateFile.Failure) {
      let bytes = try file.read()
      guard !bytes.isEmpty else { return loaded }
      let lines = CheckedLine.lines(bytes)
      guard let head = lines.whole.first, head.first == "watch", head.count == 4, let written = Int64(head[1]),
        let until = Int64(head[2]), let count = Int(head[3])
      else {
        loaded.trouble = "The list of levels to come was damaged; the file lies at \(try file.setAside())."
        return loaded
      }
      guard written + LevelWatch.horizon > now.microseconds else { return loaded }
      loaded.contents.until = Instant(microseconds: until)
      for fields in lines.whole.dropFirst() {
        if fields.first == "level", let level = WatchedLevel(fields: fields[1...]) {
          loaded.contents.add(level)
        } else {
          _ = loaded.words.take(fields)
        }
      }
      guard lines.isTorn || lines.isDamaged || loaded.contents.count != count else { return loaded }
      let aside = try file.setAside()
      loaded.trouble =
        "The list of levels to come was damaged; \(loaded.contents.count) of \(count) could be read, "
        + "the file lies at \(aside)."
    } catch {
      loaded.trouble = "The list of levels to come is of no use: \(error)."
    }
    return loaded
  }
}
