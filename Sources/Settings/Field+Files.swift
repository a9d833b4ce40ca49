/// A file that a policy names is nowhere.
struct MissingFile: Error {}

extension Field {
  /// The text of a file that the value names; faults are told at the value.
  ///
  /// - Parameters:
  ///   - role: what the file is, in words: `days file`.
  ///   - key: the key under which it is named.
  ///   - example: a name as it should be.
  func fileText(
    _ name: String, is role: String, under key: String, example: String, _ load: FileLoader
  ) -> String? {
    guard Field.isFileName(name) else {
      fault("\"\(name)\" is not the name of a \(role); write a plain name such as \(example)")
      return nil
    }
    do {
      let bytes = try load(name)
      guard bytes.count <= SourceNode.longestText else { throw Complaint("is longer than 1 MiB; split it") }
      return try PolicyDocuments.text(of: bytes)
    } catch is MissingFile {
      fault("the \(role) \(name) is not there; put it beside the policy file or take it out of \(key)")
    } catch {
      let reason = (error as? Complaint)?.message ?? "cannot be read: \(error)"
      fault("the \(role) \(name) \(reason)")
    }
    return nil
  }

  /// Whether a text may name a file: parts of letters, digits, `.`, `_` and `-`, none beginning with a dot.
  static func isFileName(_ name: String) -> Bool {
    name.utf8.count <= 255
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part.first != "."
          && part.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil || "._-".unicodeScalars.contains($0)
          }
      }
  }
}
