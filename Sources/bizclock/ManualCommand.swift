import ArgumentParser
import Daemon
import Settings

/// Prints a manual page: bizclock(1) is made of the texts of `--help`, the others of the guide to the settings.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print a manual page: bizclock.1, bizclock.yaml.5 or bizclock-policy.5.",
    shouldDisplay: false)

  enum Page: String, ExpressibleByArgument, CaseIterable {
    case command = "bizclock.1"
    case configuration = "bizclock.yaml.5"
    case policy = "bizclock-policy.5"
  }

  @Argument(help: "The page.") var page: Page

  func run() throws {
    switch page {
    case .command: Terminal.print(try ManualPage.command())
    case .configuration: Terminal.print(ManualPage.settings(.configuration, see: ["bizclock-policy.5"]))
    case .policy: Terminal.print(ManualPage.settings(.policy, see: ["bizclock.yaml.5"]))
    }
  }
}

/// Manual pages in the macros of man(7).
enum ManualPage {
  /// The page of a settings file.
  static func settings(_ guide: SettingsGuide, see: [String]) -> String {
    let version = Bizclock.configuration.version
    var page = [
      ".TH \(escape(guide.name.uppercased())) 5 \"\" \"bizclock \(version)\" \"File Formats\"", ".nh", ".ad l",
      ".SH NAME",
      "\(escape(guide.name)) \\- \(escape(guide.summary))", ".SH DESCRIPTION",
    ]
    for text in guide.about { page += paragraphs(text) }
    for section in guide.sections {
      page.append(section.path.isEmpty ? ".SH KEYS" : ".SS \"\(escape(section.path))\"")
      page += paragraphs(section.about)
      for (name, meaning) in section.keys { page += entry("\\fB\(escape(name))\\fR", escape(meaning)) }
    }
    page += [".SH EXAMPLE", ".nf"] + guide.example.split(separator: "\n").map { escape(String($0)) } + [".fi"]
    page += [".SH SEE ALSO"] + seeAlso(["bizclock.1"] + see)
    return page.joined(separator: "\n")
  }

  private static func seeAlso(_ pages: [String]) -> [String] {
    pages.enumerated().map { index, page in
      let name = String(page.dropLast(2))
      return ".BR \(escape(name)) (\(page.last ?? "1"))" + (index == pages.count - 1 ? "" : ",")
    }
  }

  /// bizclock(1).
  static func command() throws -> String {
    let tool = try JSONReader.read(Bizclock._dumpHelp())
    guard let root = tool["command"] else { throw CommandFailure.broken("The help texts cannot be read.") }
    var page = [
      ".TH BIZCLOCK 1 \"\" \"bizclock \(Bizclock.configuration.version)\" \"User Commands\"", ".nh", ".ad l",
      ".SH NAME", "bizclock \\- service\\-time clocks of a government service office", ".SH SYNOPSIS",
      ".B bizclock", "[\\fB\\-\\-config\\fR \\fIFILE\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]", ".SH DESCRIPTION",
    ]
    page += paragraphs(
      """
      An office promises its citizens a time: a business is opened within 2 working days, a deregistration notice \
      stands for 7 days. bizclock reads the events of the cases, counts the time as the law counts it, and writes a \
      line into its log at the moment a promise is overrun. The figures behind it are SQL views in the schema \
      dashboard, each with a comment on every column.
      """)
    page += [".SH COMMANDS"]
    for command in root["subcommands"]?.items ?? [] { page += section(command, under: "bizclock") }
    page += [".SH EXIT STATUS"] + exitStatuses
    page += [".SH ENVIRONMENT"] + environment
    page += [".SH FILES"]
    page += entry("\\fI/etc/bizclock/bizclock.yaml\\fR", "the configuration, see bizclock.yaml(5)")
    page += entry("\\fI/etc/bizclock/policy.yaml\\fR", "the draft of the policy, see bizclock\\-policy(5)")
    page += entry("\\fI/var/lib/bizclock\\fR", "the state directory, with a private database if there is one")
    page += [".SH SEE ALSO"] + seeAlso(["bizclock.yaml.5", "bizclock-policy.5", "journalctl.1", "psql.1"])
    return page.joined(separator: "\n")
  }

  private static func section(_ command: JSONText, under parent: String) -> [String] {
    guard let name = command["commandName"]?.string, name != "help", command["shouldDisplay"]?.flag != false else {
      return []
    }
    let full = "\(parent) \(name)"
    let arguments = (command["arguments"]?.items ?? []).filter {
      $0["shouldDisplay"]?.flag != false && !["help", "version", "config"].contains(preferred($0))
    }
    let subcommands = command["subcommands"]?.items ?? []
    var lines: [String] = []
    if subcommands.isEmpty || !arguments.isEmpty {
      lines.append(".SS \"\(escape(([full] + arguments.map(usage)).joined(separator: " ")))\"")
    } else {
      lines.append(".SS \"\(escape(full))\"")
    }
    lines += paragraphs(
      [command["abstract"]?.string, command["discussion"]?.string].compactMap { $0 }.joined(separator: "\n"))
    for argument in arguments {
      guard let abstract = argument["abstract"]?.string else { continue }
      let defaulted = argument["defaultValue"]?.string.map { " (default: \($0))" } ?? ""
      lines += entry(boldNames(argument), escape(abstract + defaulted))
    }
    for subcommand in subcommands { lines += section(subcommand, under: full) }
    return lines
  }

  private static func preferred(_ argument: JSONText) -> String {
    argument["preferredName"]?["name"]?.string ?? ""
  }

  /// How an argument is written in a line of usage.
  private static func usage(_ argument: JSONText) -> String {
    let value = (argument["valueName"]?.string ?? "value").uppercased()
    var text =
      switch argument["kind"]?.string {
      case "positional": value
      case "flag": "--\(preferred(argument))"
      default: "--\(preferred(argument)) \(value)"
      }
    if argument["isRepeating"]?.flag == true { text += "…" }
    return argument["isOptional"]?.flag == false ? text : "[\(text)]"
  }

  private static func boldNames(_ argument: JSONText) -> String {
    let value = "\\fI\(escape((argument["valueName"]?.string ?? "value").uppercased()))\\fR"
    guard argument["kind"]?.string != "positional" else { return value }
    let names = (argument["names"]?.items ?? []).compactMap { name -> String? in
      guard let text = name["name"]?.string else { return nil }
      return "\\fB" + escape((name["kind"]?.string == "short" ? "-" : "--") + text) + "\\fR"
    }
    return names.joined(separator: ", ") + (argument["kind"]?.string == "flag" ? "" : " " + value)
  }

  private static let exitStatuses: [String] = [
    ("0", "done"), ("1", "verify, diff, \\-\\-dry\\-run or \\-\\-check found a difference"),
    ("64", "wrong usage, or verdicts of finished clocks would become others without \\-\\-restate"),
    ("65", "some input was quarantined"), ("66", "what was asked for is not there"), ("69", "database unreachable"),
    ("70", "the program is at fault"), ("74", "reading or writing failed"),
    (
      "75",
      "others changed the rules meanwhile, or something else would move than what was shown: look again, and begin again"
    ),
    ("77", "the database role lacks the right; what to do is said"),
    ("78", "configuration wrong; all faults are listed with their lines"),
  ].flatMap { entry("\\fB\($0.0)\\fR", $0.1) }

  private static let environment: [String] = [
    ("BIZCLOCK_CONFIG", "the configuration file"),
    (
      "BIZCLOCK_DATABASE",
      "overrides database of the configuration; so do the other keys' variables, see bizclock.yaml(5)"
    ),
    ("PGHOST, PGPASSFILE, …", "libpq's own variables, for what a conninfo leaves out"),
  ].flatMap { entry("\\fB\(escape($0.0))\\fR", escape($0.1)) }

  private static func entry(_ term: String, _ text: String) -> [String] { [".TP", term, text] }

  private static func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: true).flatMap { [".PP", escape(String($0))] }
  }

  /// A text as roff takes it: no escape and no request of its own.
  private static func escape(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}

extension JSONText {
  fileprivate subscript(name: String) -> JSONText? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == name }?.1
  }
  fileprivate var items: [JSONText]? {
    guard case .array(let items) = self else { return nil }
    return items
  }
  fileprivate var string: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }
  fileprivate var flag: Bool? {
    switch self {
    case .bool(let flag): flag
    case .number(let number): number != 0
    default: nil
    }
  }
}
