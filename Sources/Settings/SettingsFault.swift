/// One thing wrong in a file of settings, and where.
public struct SettingsFault: Sendable, Hashable {
  /// The file as it was named, or `environment`.
  public var file: String
  /// Line from 1; 0 where no line is to blame.
  public var line: Int
  /// Column from 1, in characters; 0 where no column is to blame.
  public var column: Int
  /// Where in the file's structure: `commitments[opening].versions[2018-01-01].limit`; may be empty.
  public var path: String
  /// What is wrong and what to do about it.
  public var message: String

  /// A fault; arguments as the properties.
  public init(file: String, line: Int = 0, column: Int = 0, path: String = "", message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.message = message
  }
}

extension SettingsFault: CustomStringConvertible {
  /// `file:line: path: message`, without what is not known.
  public var description: String {
    (line > 0 ? "\(file):\(line): " : "\(file): ") + (path.isEmpty ? "" : "\(path): ") + message
  }
}

/// Settings that cannot be used, with all their faults.
public struct SettingsError: Error, Sendable, Equatable {
  /// What is wrong, in the order of files and lines; never empty.
  public var faults: [SettingsFault]

  /// An error of faults.
  public init(faults: [SettingsFault]) { self.faults = faults }

  /// An error of a single fault.
  public init(_ fault: SettingsFault) { self.faults = [fault] }
}

extension SettingsError: CustomStringConvertible {
  /// Every fault on a line of its own.
  public var description: String { faults.map(\.description).joined(separator: "\n") }
}
