import Glibc

/// Turns UTF-16 into UTF-8 between a source and the input buffer, so that the decoders see UTF-8 only.
///
/// Nothing is replaced: what is no UTF-16 becomes bytes that are no UTF-8 and can be turned back, a lone surrogate the
/// three bytes that it would take, an odd last byte `FF` and two more. So a row can be kept as it came.
final class UTF16Transcoder {
  private static let chunk = 64 << 10

  private let order: UTF16Order
  private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: chunk + 4)
  /// Bytes of an unfinished character at the front of `scratch`.
  private var held = 0
  private var ready: [UInt8] = []
  private var taken = 0
  private var isAtEnd = false

  /// A transcoder of what was read already and of what the source brings after it.
  init(order: UTF16Order, head: UnsafeBufferPointer<UInt8>) {
    self.order = order
    guard let base = head.baseAddress else { return }
    var at = 0
    while at < head.count {
      let count = min(UTF16Transcoder.chunk, head.count - at)
      memcpy(scratch + held, base + at, count)
      held += count
      at += count
      transcode(isLast: false)
    }
  }

  deinit { scratch.deallocate() }

  /// Fills the room with UTF-8; 0 at the end of the input.
  func read(
    _ room: UnsafeMutableRawBufferPointer, from source: BatchReader.Source
  ) throws(FeedReadError) -> Int {
    while taken == ready.count {
      if isAtEnd { return 0 }
      ready.removeAll(keepingCapacity: true)
      taken = 0
      let count = try source(
        UnsafeMutableRawBufferPointer(start: scratch + held, count: max(1, min(room.count, UTF16Transcoder.chunk))))
      if count > 0 { held += count } else { isAtEnd = true }
      transcode(isLast: isAtEnd)
    }
    let count = min(room.count, ready.count - taken)
    ready.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<taken + count])) }
    taken += count
    return count
  }

  /// Moves what is held to `ready`, but for the beginning of a character that may go on.
  private func transcode(isLast: Bool) {
    var at = 0
    while at + 1 < held {
      let unit = order.unit(scratch, at)
      if unit < 0x80 {
        ready.append(UInt8(unit))
      } else if unit < 0x800 {
        ready.append(0xC0 | UInt8(unit >> 6))
        ready.append(0x80 | UInt8(unit & 0x3F))
      } else if unit & 0xFC00 == 0xD800, at + 3 < held || !isLast {
        guard at + 3 < held else { break }
        let low = order.unit(scratch, at + 2)
        if low & 0xFC00 == 0xDC00 {
          appendPair(unit, low)
          at += 2
        } else {
          appendThree(unit)
        }
      } else {
        appendThree(unit)
      }
      at += 2
    }
    if isLast, at < held {
      ready += [0xFF, 0x80 | scratch[at] >> 4, 0x80 | scratch[at] & 0x0F]
      at = held
    }
    held -= at
    if held > 0 { memmove(scratch, scratch + at, held) }
  }

  private func appendThree(_ unit: UInt16) {
    ready.append(0xE0 | UInt8(unit >> 12))
    ready.append(0x80 | UInt8(unit >> 6 & 0x3F))
    ready.append(0x80 | UInt8(unit & 0x3F))
  }

  private func appendPair(_ high: UInt16, _ low: UInt16) {
    let scalar = 0x10000 + UInt32(high & 0x3FF) << 10 + UInt32(low & 0x3FF)
    ready.append(0xF0 | UInt8(scalar >> 18))
    ready.append(0x80 | UInt8(scalar >> 12 & 0x3F))
    ready.append(0x80 | UInt8(scalar >> 6 & 0x3F))
    ready.append(0x80 | UInt8(scalar & 0x3F))
  }
}
