/// Buckets of a duration sketch: fixed, logarithmic-linear, integer; exact below 64, then 64 to each power of two,
/// so that a bucket's midpoint is within 0.8 % of every value in it.
public enum DurationSketch {
  /// The bucket of a value; values below 0 count as 0.
  @inlinable
  public static func bucket(of value: Int64) -> Int32 {
    guard value >= 64 else { return Int32(max(0, value)) }
    let exponent = 63 - value.leadingZeroBitCount
    return Int32(64 + (exponent - 6) * 64) + Int32((value >> Int64(exponent - 6)) & 63)
  }
}
