import Foundation
import Synchronization
import TestSupport

/// A run: one server, two daemons, one history through all rounds.
final class Run: Sendable {
  let seed: UInt64
  let path: String
  let program: String
  let server: Server
  let office: Office
  let disk: Disk
  let hasDisk: Bool
  let book: LogBook
  let findings = Findings()
  let truth = Truth()
  let commands: Commands
  let watcher: Watcher
  let daemons: [DaemonKeeper]
  private let guardEnd = Mutex<Int32>(-1)

  /// Makes the folder and the file system of the database; nothing runs yet.
  init(seed: UInt64, program: String) throws {
    self.seed = seed
    self.program = program
    path = (ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp").trimmedSlash + "/bizclock-torture-\(getpid())"
    server = try Server(directory: path + "/postgres")
    office = try Office(path: path, conninfo: server.conninfo)
    chmod(path, 0o755)
    disk = Disk(path: path + "/postgres")
    hasDisk = disk.mount()
    book = LogBook(folder: path + "/log")
    commands = Commands(program: program, folder: path + "/run", findings: findings)
    watcher = Watcher(server: server, findings: findings)
    let (book, findings, office) = (book, findings, office)
    daemons = [("one", office.one), ("two", office.two)].enumerated().map { index, daemon in
      DaemonKeeper(
        name: daemon.0, configuration: daemon.1, program: program,
        pidFile: "\(office.path)/pids/\(daemon.0)", book: book, findings: findings, seed: seed &+ UInt64(index))
    }
    watchOver()
  }

  /// Makes the schema and starts both daemons; says whether the program takes over its configuration by SIGHUP.
  func begin() async throws -> Bool {
    try await server.start()
    let migrated = await commands.run(["migrate", "--config", office.one])
    guard migrated.status == 0 else { throw Child.Failure(description: "migrate: \(migrated.output)") }
    watcher.start()
    try office.configure(1)
    for daemon in daemons { daemon.start() }
    try await logged("ready", times: 2)
    // A feed that came with a new configuration brings its file in, where the program reloads.
    let directory = "\(path)/spool/extra"
    var contents = Contents()
    contents.addBad("missing_field", Array("{\"case_id\":\"reload\"}".utf8))
    try Data(contents.bytes).write(to: URL(filePath: directory + "/reload.ndjson.part"))
    truth.tell(contents, origin: "reload.ndjson", directory: directory)
    rename(directory + "/reload.ndjson.part", directory + "/reload.ndjson")
    try office.configure(0)
    daemons.first?.reload()
    for _ in 0..<100 {
      if access(directory + "/done/reload.ndjson", F_OK) == 0 { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    daemons.first?.signal(SIGTERM)
    return false
  }

  private func logged(_ event: String, times: Int) async throws {
    for _ in 0..<1_200 {
      if book.count(event) >= times { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Child.Failure(description: "\(event) was not logged \(times) times within a minute")
  }

  /// A round's parts.
  func round(_ number: Int, reloads: Bool) -> Round {
    Round(
      number: number, seed: seed, office: office, server: server, disk: disk, hasDisk: hasDisk, daemons: daemons,
      truth: truth, book: book, commands: commands, watcher: watcher, findings: findings, reloads: reloads)
  }

  /// Ends the daemons in good order, and compares every event of the whole run once more.
  ///
  /// `settled` is an instant up to which every level has been raised and logged.
  func finish(settled: Int64) async throws {
    for daemon in daemons where !(await daemon.stop()) {
      findings.add("daemon \(daemon.name) did not end within a minute of SIGTERM")
      daemon.abandon()
    }
    let audit = Audit(
      office: office, server: server, truth: truth, book: book, commands: commands, findings: findings)
    let progress = await audit.progress()
    try await audit.run(settled: settled, eventsAfter: 0)
    if let trouble = progress.trouble { findings.add(trouble) }
  }

  /// Ends whatever still runs; keeps the folder, with the data in it, or removes it.
  func close(keeping: Bool) async {
    watcher.end()
    for daemon in daemons { daemon.abandon() }
    commands.abandon()
    await server.end()
    if hasDisk, keeping {
      // What lies on the file system in memory would go with it.
      let (from, to) = (path + "/postgres", path + "/database")
      _ = await Child.aside {
        (try? Child.start(["cp", "-a", from, to], output: STDERR_FILENO, errors: STDERR_FILENO)).map(Child.wait)
      }
    }
    disk.unmount()
    if !keeping { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Whatever ends this program, nothing of it goes on: a watcher of its own session waits for the end of a pipe.
  private func watchOver() {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let script = """
      cat >/dev/null; cd "$1" 2>/dev/null || exit 0
      for file in pids/*; do [ -f "$file" ] && kill -9 "$(cat "$file")"; done
      [ -f postgres/data/postmaster.pid ] && kill -QUIT "$(head -n 1 postgres/data/postmaster.pid)" && sleep 1
      mountpoint -q postgres && umount -l postgres
      """
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let words = ["setsid", "sh", "-c", script, "sh", path]
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    var child: pid_t = 0
    posix_spawnp(&child, "setsid", &actions, nil, argv, environ)
    Glibc.close(ends[0])
    guardEnd.withLock { $0 = ends[1] }
  }
}

extension String {
  /// A folder's path without the slash at its end.
  var trimmedSlash: String { count > 1 && hasSuffix("/") ? String(dropLast()) : self }
}
