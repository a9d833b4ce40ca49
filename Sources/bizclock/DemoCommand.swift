import ArgumentParser
import Daemon
import Glibc
import Journal
import ServiceTime

/// Shows bizclock at work on a simulated town, with a database of its own.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Run the daemon on a simulated town with a database of its own, and print its dashboards.",
    discussion: """
      Half a year of cases is loaded as history; then three days pass on a clock that runs faster than the wall's: \
      events come through a spool directory, and overruns are logged as they happen. Nothing outside the demo's \
      folder is touched, and the folder is removed at the end.
      """)

  @Flag(help: "Exit after the dashboards; otherwise the demo runs on until it is interrupted.") var once = false
  @Option(help: "How many times as fast as the wall clock the demo's clock runs.") var speed: Int64 = 10_000
  @Option(help: "Any whole number from 0; another gives other cases.") var seed: UInt64 = 7
  @Option(help: "The demo's folder, kept afterwards; a new one in /tmp if left out.") var directory: String?

  func validate() throws {
    guard (1...100_000).contains(speed) else { throw ValidationError("--speed is a number from 1 to 100000.") }
  }

  func run() async throws {
    let folder = try directory.map { Demo.Folder(path: $0, isKept: true) } ?? Demo.Folder.temporary()
    let demo = Demo(folder: folder, speed: speed, seed: seed)
    do {
      try await demo.run(once: once)
    } catch {
      await demo.end()
      throw error
    }
    await demo.end()
  }
}
