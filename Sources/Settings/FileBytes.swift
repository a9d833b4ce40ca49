#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gives the bytes of a named file, or throws an error whose description says why not.
public typealias FileLoader = (String) throws -> [UInt8]

/// Reads small files whole.
public enum FileBytes {
  /// Why a file could not be read.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system's error number; 0 where the file itself is at fault.
    public var code: Int32
    /// What is wrong, in plain words.
    public var description: String
    /// Whether there is no such file.
    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// Whether this user may not read it.
    public var isDenied: Bool { code == EACCES }
  }

  /// The bytes of a regular file of at most `limit` bytes.
  public static func read(_ path: String, limit: Int = 4 << 20) throws(Failure) -> [UInt8] {
    guard !path.utf8.contains(0) else { throw Failure(code: 0, description: "the name holds a NUL") }
    // Without O_NONBLOCK the open of a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(code: 0, description: "it is not a regular file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { unistdRead(descriptor, $0) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(errno)
      }
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else {
        throw Failure(code: 0, description: "it is larger than \(limit) bytes")
      }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  private static func unistdRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    #elseif canImport(Musl)
      Musl.read(descriptor, buffer.baseAddress, buffer.count)
    #else
      Darwin.read(descriptor, buffer.baseAddress, buffer.count)
    #endif
  }

  private static func failure(_ code: Int32) -> Failure {
    Failure(code: code, description: String(cString: strerror(code)))
  }
}

/// Takes paths apart and puts them together.
enum FilePath {
  /// The folder of a file; `.` where the path names none.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// A path as seen from a folder; an absolute one stays.
  static func resolve(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") || folder == "." { return path }
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// A path without what says nothing: doubled and last slashes, and `.`. A `..` stays, for it may follow a link.
  static func plain(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    return path.hasPrefix("/") ? "/" + parts : parts.isEmpty ? "." : parts
  }

  /// Whether a plain path is a folder's or leads into it.
  static func isWithin(_ path: String, _ folder: String) -> Bool { path == folder || path.hasPrefix(folder + "/") }
}
