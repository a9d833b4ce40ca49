import CShipped

/// The files of `deploy/` and `sql/` that travel inside the program.
public enum ShippedFiles {
  /// The paths of all shipped files, as in the repository: `deploy/policy.yaml`.
  public static let paths: [String] = entries.map { String(cString: $0.path) }

  /// The bytes of a file by its path in the repository; nil if it is not shipped.
  public static func bytes(_ path: String) -> [UInt8]? {
    guard let index = paths.firstIndex(of: path) else { return nil }
    let entry = entries[index]
    return Array(UnsafeBufferPointer(start: entry.bytes, count: entry.count))
  }

  /// The text of a file by its path in the repository; nil if it is not shipped or not UTF-8.
  public static func text(_ path: String) -> String? {
    bytes(path).flatMap { String(validating: $0, as: UTF8.self) }
  }

  private static var entries: UnsafeBufferPointer<shipped_file> {
    UnsafeBufferPointer(start: shipped_file_table(), count: shipped_file_count)
  }
}
