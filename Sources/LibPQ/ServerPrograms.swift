import Glibc

/// PostgreSQL's server programs on this machine.
struct ServerPrograms {
  /// Where they are.
  let folder: String
  /// Their major version; nil where they do not tell it.
  let major: Int?

  /// Those named by `BIZCLOCK_POSTGRES_BIN`; else in Debian's place those of a major version, or the newest; else those
  /// on the path. Nil where there are none.
  static func find(major wanted: Int?) -> ServerPrograms? {
    if let given = getenv("BIZCLOCK_POSTGRES_BIN") { return ServerPrograms(folder: String(cString: given)) }
    let versions = installed()
    if let wanted, let same = versions.first(where: { $0.major == wanted }) { return same }
    if let newest = versions.max(by: { $0.major ?? 0 < $1.major ?? 0 }) { return newest }
    for entry in (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":")
    where access(entry + "/initdb", X_OK) == 0 { return ServerPrograms(folder: String(entry)) }
    return nil
  }

  private static func installed() -> [ServerPrograms] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("/usr/lib/postgresql/*/bin/postgres", 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      guard let raw = found.gl_pathv[index] else { return nil }
      let path = String(cString: raw)
      let parts = path.split(separator: "/")
      guard parts.count > 3, let version = Int(parts[3]) else { return nil }
      return ServerPrograms(folder: String(path.dropLast("/postgres".count)), major: version)
    }
  }

  private init(folder: String, major: Int) {
    self.folder = folder
    self.major = major
  }

  private init(folder: String) {
    self.folder = folder
    let told = (try? ChildProcess.output([folder + "/postgres", "-V"])) ?? ""
    // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    let words = told.split(whereSeparator: \.isWhitespace)
    major = words.count > 2 ? Int(words[2].prefix { $0.isNumber }) : nil
  }

  /// The major version that made a data directory; nil where there is none, or it may not be read.
  static func major(of data: String) -> Int? {
    SmallFile.text(data + "/PG_VERSION").flatMap { Int($0.prefix { $0 != "\n" }) }
  }
}
