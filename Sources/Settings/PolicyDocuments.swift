import Shipped

/// A policy as it was written: the policy file's text and the texts of the days and region files that it names.
///
/// The same value is read from files, from the shipped files and from the database.
public struct PolicyDocuments: Sendable, Equatable {
  /// The name by which faults call the policy file.
  public var policyName: String
  /// The policy file's text.
  public var policyText: String
  /// Texts of days and region files by the names that the policy gives them.
  public var files: [String: String]
  /// Why files that are there cannot be used, by the names that the policy gives them.
  public var problems: [String: String] = [:]

  /// Documents; arguments as the properties.
  public init(policyText: String, files: [String: String] = [:], policyName: String = "policy.yaml") {
    self.policyText = policyText
    self.files = files
    self.policyName = policyName
  }

  /// Reads a policy file, and the files it names: from beside it, or days files from the folder `calendars` beside it
  /// and region files from the folder `regions`. A region file that is nowhere there may be a shipped one.
  ///
  /// Files that are missing are left out, for `PolicyDraft.parse` to report with the line that names them.
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
    for name in PolicyDraft.daysFiles(named: text) { documents.add(name, from: ["", "calendars/"], in: folder) }
    for name in PolicyDraft.regionFiles(named: text) {
      documents.add(name, from: ["", "regions/"], in: folder)
      if documents.problems[name] == nil, documents.files[name] == nil {
        documents.files[name] = RegionReader.shipped(name)
      }
    }
    return documents
  }

  /// Adds a file from the first of some folders that has it.
  private mutating func add(_ name: String, from places: [String], in folder: String) {
    guard files[name] == nil, problems[name] == nil else { return }
    for place in places {
      do {
        files[name] = try PolicyDocuments.text(of: FileBytes.read(FilePath.resolve(place + name, in: folder)))
      } catch let error as FileBytes.Failure {
        if error.isMissing { continue }
        problems[name] = "cannot be read: \(error)"
      } catch {
        problems[name] = (error as? Complaint)?.message ?? "\(error)"
      }
      return
    }
  }

  /// The shipped policy with its calendar and regions.
  public static func shipped() throws(SettingsError) -> PolicyDocuments {
    func text(_ path: String) throws(SettingsError) -> String {
      if let text = ShippedFiles.text(path) { return text }
      throw SettingsError(SettingsFault(file: path, message: "is not among the shipped files; rebuild the program"))
    }
    return PolicyDocuments(
      policyText: try text("deploy/policy.yaml"),
      files: [
        "cn.csv": try text("deploy/calendars/cn.csv"),
        RegionReader.shippedFile: try text("deploy/regions/\(RegionReader.shippedFile)"),
      ])
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
