import Glibc
import Settings

/// A small file of the state directory that survives a crash at any instant: replaced whole, or added to.
struct StateFile {
  /// Why a file could not be read or written; says which and why.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// The state directory.
  let directory: String
  /// The file's name in it.
  let name: String
  /// Beyond how many bytes a file is not read.
  let limit: Int

  var path: String { "\(directory)/\(name)" }

  /// Its bytes; none where there is no such file.
  func read() throws(Failure) -> [UInt8] {
    do { return try FileBytes.read(path, limit: limit) } catch {
      if error.isMissing { return [] }
      throw Failure(description: "\(path) cannot be read: \(error)")
    }
  }

  /// Puts a text in the place of what is there; an empty one takes the file away.
  func replace(_ text: String) throws(Failure) {
    if text.isEmpty {
      guard unlink(path) == 0 || errno == ENOENT else { throw failed("removed") }
      return try keep()
    }
    let new = path + ".new"
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failed("written") }
    defer { close(descriptor) }
    try write(text, to: descriptor)
    guard rename(new, path) == 0 else { throw failed("written") }
    try keep()
  }

  /// Adds a text at the end; it lasts when this returns.
  func append(_ text: String) throws(Failure) {
    let isNew = access(path, F_OK) != 0
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw failed("written") }
    defer { close(descriptor) }
    try write(text, to: descriptor)
    if isNew { try keep() }
  }

  /// Moves the file out of the way, and says under which name it lies then.
  func setAside() throws(Failure) -> String {
    for number in 1...1_000 {
      let aside = "\(path).damaged-\(number)"
      if access(aside, F_OK) == 0 { continue }
      guard rename(path, aside) == 0 else { break }
      return aside
    }
    throw failed("moved away")
  }

  /// Makes the directory where there is none.
  func makeDirectory() throws(Failure) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failed("written") }
  }

  private func write(_ text: String, to descriptor: Int32) throws(Failure) {
    var text = text
    let isWritten = text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
    guard isWritten, fdatasync(descriptor) == 0 else { throw failed("written") }
  }

  /// Makes a new name last.
  private func keep() throws(Failure) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed("written") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed("written") }
  }

  private func failed(_ what: String) -> Failure {
    Failure(description: "\(path) cannot be \(what): \(String(cString: strerror(errno)))")
  }
}
