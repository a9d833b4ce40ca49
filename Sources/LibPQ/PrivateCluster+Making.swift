import Glibc

extension PrivateCluster {
  /// Makes the folders that are missing; the server's user gets its own.
  func makeDirectories() throws(PostgresError) {
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/" + part
      if access(path, F_OK) != 0, mkdir(path, 0o755) != 0, errno != EEXIST { throw cannot("make", path) }
    }
    if access(socket, F_OK) != 0, mkdir(socket, 0o700) != 0, errno != EEXIST { throw cannot("make", socket) }
    guard let servant else { return }
    // The server must own its data and be able to write its log beside them.
    for path in [directory, socket] where chown(path, servant.user, servant.group) != 0 {
      throw cannot("give to \(servant.name)", path)
    }
  }

  /// Makes the data, which get their name when they are whole and, if they are kept, on the disk.
  func initialize() throws(PostgresError) {
    if let former = formerData() {
      throw PostgresError(
        .setup, operation: "private database",
        message: "\(data) is not there, but \(former) is, which an upgrade that was cut short has put aside; "
          + "bring it back: mv \(former) \(data)")
    }
    // What an interrupted start has left.
    _ = try ChildProcess.run(["rm", "-rf", fresh])
    let arguments =
      ["initdb", "-D", fresh, "-U", PrivateCluster.name, "-E", "UTF8", "--locale=C", "--auth=peer"]
      + (isKept ? [] : ["-N"])
    guard try run(arguments) == 0 else {
      throw PostgresError(
        .unreachable, operation: "private database", message: "initdb failed; its log is \(setupLog)")
    }
    try write("local all all peer map=bizclock\n", to: fresh + "/pg_hba.conf", O_TRUNC)
    guard rename(fresh, data) == 0 else { throw cannot("make", data) }
    if isKept { try sync(directory) }
  }

  /// Data from before an upgrade, under the name that `upgrade-private-database` gives them.
  private func formerData() -> String? {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(directory + "/data.old-*", 0, nil, &found) == 0, found.gl_pathc > 0 else { return nil }
    return found.gl_pathv[Int(found.gl_pathc) - 1].map { String(cString: $0) }
  }

  /// Lets in who may be the owner of the database: root, whoever runs the program, and the server's own user, who may
  /// be another since the data were made.
  func admitUsers() throws(PostgresError) {
    let path = data + "/pg_ident.conf"
    let lines = Set((SmallFile.text(path) ?? "").split(separator: "\n").map(String.init))
    var users: Set = ["root"]
    if let servant { users.insert(servant.name) }
    if let me = getpwuid(geteuid()) { users.insert(String(cString: me.pointee.pw_name)) }
    let missing = users.sorted().map { "bizclock \($0) \(PrivateCluster.name)" }.filter { !lines.contains($0) }
    if !missing.isEmpty { try write(missing.map { $0 + "\n" }.joined(), to: path, O_APPEND) }
  }

  private func write(_ text: String, to path: String, _ flag: Int32) throws(PostgresError) {
    let file = open(path, O_WRONLY | flag | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw cannot("write", path) }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw cannot("write", path)
    }
  }

  private func sync(_ folder: String) throws(PostgresError) {
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw cannot("open", folder) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw cannot("write", folder) }
  }
}
