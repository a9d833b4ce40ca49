import Foundation

/// The user nobody, as whom root runs the program.
enum Nobody {
  private static let command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  /// What a shell of root puts before the program.
  static let words = command.joined(separator: " ")

  /// Runs the program as nobody.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> ProgramRun {
    try ProgramRun(
      program: "/usr/bin/env", command + [DaemonProcess.program] + arguments, environment: environment)
  }

  /// Whether this is root, and the program does not lie where only root may look.
  static var canRun: Bool { geteuid() == 0 && (try? run(["--version"]))?.status == 0 }
}
