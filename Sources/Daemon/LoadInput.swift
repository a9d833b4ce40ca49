import Glibc

/// Something to be loaded, which is opened when its turn comes: there may be more files than a process may have open.
public struct LoadInput: Sendable {
  /// What it is called where something is said of it.
  let name: String
  private let open: @Sendable () throws -> Int32
  private let isLent: Bool

  /// What a body opens, for reading; the descriptor is closed when it has been read.
  public init(name: String, opening open: @escaping @Sendable () throws -> Int32) {
    self.init(name, open, isLent: false)
  }

  /// A descriptor that is open, and stays so.
  public init(name: String, descriptor: Int32) { self.init(name, { descriptor }, isLent: true) }

  private init(_ name: String, _ open: @escaping @Sendable () throws -> Int32, isLent: Bool) {
    self.name = name
    self.open = open
    self.isLent = isLent
  }

  /// Hands a body the open descriptor.
  func withDescriptor<R>(_ body: (Int32) async throws -> R) async throws -> R {
    let descriptor = try open()
    defer { if !isLent { close(descriptor) } }
    return try await body(descriptor)
  }
}
