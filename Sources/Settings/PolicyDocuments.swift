import Shipped

/// A policy as it was written: the policy file's text and the texts of the days files that it names.
///
/// The same value is read from files, from the shipped files and from the database.
public struct PolicyDocuments: Sendable, Equatable {
  /// The name by which faults call the policy file.
  public var policyName: String
  /// The policy file's text.
  public var policyText: String
  /// Texts of days files by the names that the policy gives them.
  public var files: [String: String]
  /// Why days files that are there cannot be used, by the names that the policy gives them.
  public var problems: [String: String] = [:]

  /// Documents; arguments as the properties.
  public init(policyText: String, files: [String: String] = [:], policyName: String = "policy.yaml") {
    self.policyText = policyText
    self.files = files
    self.policyName = policyName
  }

  /// Reads a policy file, and the days files it names from beside it or from the folder `calendars` beside it.
  ///
  /// Days files that are missing are left out, for `PolicyDraft.parse` to report with the line that names them.
  public static func read(_ path: String) throws(SettingsError) -> PolicyDocuments {
    let folder = FilePath.folder(of: path)
    let text: String
    do {
      text = try PolicyDocuments.text(of: FileBytes.read(path))
    } catch let error as FileBytes.Failure {
      throw SettingsError(SettingsFault(file: path, message: "cannot be read: \(error)"))
    } catch {
      throw SettingsError(SettingsFault(file: path, message: (error as? Complaint)?.message ?? "\(error)"))
    }
    var documents = PolicyDocuments(policyText: text, policyName: path)
    for name in PolicyDraft.daysFiles(named: text) {
      for place in [name, "calendars/\(name)"] {
        do {
          documents.files[name] = try PolicyDocuments.text(of: FileBytes.read(FilePath.resolve(place, in: folder)))
        } catch let error as FileBytes.Failure {
          if error.isMissing { continue }
          documents.problems[name] = "cannot be read: \(error)"
        } catch {
          documents.problems[name] = (error as? Complaint)?.message ?? "\(error)"
        }
        break
      }
    }
    return documents
  }

  /// The shipped policy with its calendar.
  public static func shipped() throws(SettingsError) -> PolicyDocuments {
    func text(_ path: String) throws(SettingsError) -> String {
      if let text = ShippedFiles.text(path) { return text }
      throw SettingsError(SettingsFault(file: path, message: "is not among the shipped files; rebuild the program"))
    }
    return PolicyDocuments(
      policyText: try text("deploy/policy.yaml"), files: ["cn.csv": try text("deploy/calendars/cn.csv")])
  }

  /// UTF-8 bytes as text.
  static func text(of bytes: [UInt8]) throws(Complaint) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      var line = 1
      // The line of the first byte that is not UTF-8: each line that is valid on its own lies before it.
      for part in bytes.split(separator: 10, omittingEmptySubsequences: false) {
        if String(validating: part, as: UTF8.self) == nil { break }
        line += 1
      }
      throw Complaint("is not UTF-8 (line \(line)); save the file as UTF-8")
    }
    return text
  }
}
