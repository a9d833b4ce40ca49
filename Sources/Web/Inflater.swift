import CZlib

/// Undoes the compression of a body piece by piece, without ever giving more than is asked for.
final class Inflater {
  /// Why a body cannot be decompressed.
  enum Fault: Error, Equatable {
    /// It is no such compressed text, or breaks off.
    case broken
    /// There is more in it than may be.
    case tooLarge
  }

  /// The codings of RFC 9110 that are undone.
  enum Coding: String {
    case gzip, deflate

    /// A coding by the name of a `Content-Encoding` field.
    init?(field: String) {
      switch field.lowercased() {
      case "gzip", "x-gzip": self = .gzip
      case "deflate": self = .deflate
      default: return nil
      }
    }
  }

  private var stream = z_stream()
  private let coding: Coding
  private let isOpen: Bool
  private var isAtEnd = false

  init(_ coding: Coding) {
    self.coding = coding
    // 15 is the largest window; 16 more asks for the frame of gzip, without it for that of zlib.
    let window: Int32 = coding == .gzip ? 15 + 16 : 15
    isOpen = inflateInit2_(&stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit { if isOpen { inflateEnd(&stream) } }

  /// Decompresses a piece and hands out what it holds, in pieces of at most 64 KiB; `take` says whether there is room.
  func feed(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) throws(Fault) {
    guard isOpen else { throw .broken }
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    stream.next_in = UnsafeMutablePointer(mutating: base)
    stream.avail_in = UInt32(bytes.count)
    var out = [UInt8](repeating: 0, count: 65_536)
    while stream.avail_in > 0 || stream.avail_out == 0 {
      if isAtEnd {
        guard stream.avail_in > 0 else { break }
        // Texts of gzip may follow each other (RFC 1952); nothing else may follow.
        guard coding == .gzip, inflateReset(&stream) == Z_OK else { throw .broken }
        isAtEnd = false
      }
      let (count, code) = out.withUnsafeMutableBufferPointer { room in
        stream.next_out = room.baseAddress
        stream.avail_out = UInt32(room.count)
        let code = inflate(&stream, Z_NO_FLUSH)
        return (room.count - Int(stream.avail_out), code)
      }
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw .broken }
      isAtEnd = code == Z_STREAM_END
      if count > 0, !(out.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) {
        throw .tooLarge
      }
      if code == Z_BUF_ERROR, count == 0 { break }
    }
  }

  /// Says that no piece follows.
  func end() throws(Fault) { guard isAtEnd else { throw .broken } }
}
