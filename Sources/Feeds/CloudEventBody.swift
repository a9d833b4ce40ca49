/// A body of CloudEvents 1.0, taken apart before any of them is looked into.
public enum CloudEventBody {
  /// Why a body cannot be taken apart: one plain sentence with the remedy.
  public struct Fault: Error, Sendable, Equatable {
    /// The sentence.
    public var message: String
  }

  /// Where the CloudEvents of a body stand, one object or an array of them: brackets and quotes are followed, nothing
  /// else is looked at. Of more than `FeedLimits.bodyRecords` one too many is given.
  public static func places(in body: [UInt8], isBatch: Bool) throws(Fault) -> [Range<Int>] {
    let places = body.withUnsafeBufferPointer { JSONElements.split($0, isArray: isBatch) }
    guard let places else {
      throw Fault(
        message:
          "the body is not one whole JSON \(isBatch ? "array of CloudEvents" : "object") in UTF-8: nothing of "
          + "it was taken in; mend it and send it again")
    }
    return places
  }

  /// The JSON of a CloudEvent in binary content mode: its attributes, and its data, which must be an object or nothing.
  ///
  /// Attributes that stand there twice do so in the JSON too, and are refused when it is read.
  public static func structured(
    _ attributes: [(name: String, value: String)], data: [UInt8]
  ) throws(Fault) -> [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "{")]
    for (name, value) in attributes {
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      json += JSONText.quoted(name) + [UInt8(ascii: ":")] + JSONText.quoted(value)
    }
    if !data.isEmpty {
      guard let place = try places(in: data, isBatch: false).first else { return json }
      json += (json.count > 1 ? Array(",".utf8) : []) + Array("\"data\":".utf8) + data[place]
    }
    json.append(UInt8(ascii: "}"))
    return json
  }
}
