import Foundation

/// The commands of the built program with their options, as it tells them itself.
enum ProgramCommands {
  private struct Tool: Decodable {
    var command: Command
  }
  private struct Command: Decodable {
    var commandName: String
    var shouldDisplay: Bool?
    var subcommands: [Command]?
    var arguments: [Argument]?
  }
  private struct Argument: Decodable {
    struct Name: Decodable { var name: String }
    var kind: String
    var names: [Name]?
    var valueName: String?
  }

  /// Options by command, e.g. `calendar closure begin`: names without dashes, positional arguments in capitals. The
  /// program itself is the empty name.
  static func read() throws -> [String: Set<String>] {
    let dump = try ProgramRun(["--experimental-dump-help"]).output
    let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.utf8))
    var commands: [String: Set<String>] = [:]
    add(tool.command, "", to: &commands)
    return commands
  }

  private static func add(_ command: Command, _ path: String, to commands: inout [String: Set<String>]) {
    var options: Set<String> = []
    for argument in command.arguments ?? [] {
      if argument.kind == "positional" {
        options.insert((argument.valueName ?? "").uppercased())
      } else {
        for name in argument.names ?? [] { options.insert(name.name) }
      }
    }
    commands[path] = options
    for inner in command.subcommands ?? [] where inner.shouldDisplay != false && inner.commandName != "help" {
      add(inner, path.isEmpty ? inner.commandName : "\(path) \(inner.commandName)", to: &commands)
    }
  }
}
