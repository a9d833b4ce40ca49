import ServiceTime

extension NDJSONDecoder {
  /// A decoder of CloudEvents: their data is read as a line of the feed is, and messages name their attributes.
  init(cloudEventsOf feed: FeedDescription) {
    var keys = feed
    // A CloudEvent is one event and says itself when it happened.
    keys.milestones = []
    var labelled = keys
    for (field, attribute) in [
      (EventField.eventID, "id"), (.source, "source"), (.caseID, "subject"), (.type, "type"), (.occurredAt, "time"),
      (.sequence, "sequence"),
    ] {
      let mapping = feed.mapping[field]
      labelled.mapping[field] = FeedDescription.Mapping(
        column: attribute, values: mapping?.values ?? [:], otherwise: mapping?.otherwise)
    }
    self.init(feed: keys, labelled: labelled)
  }

  /// Decodes one CloudEvent into the batch, as an event or a reject.
  mutating func decodeCloudEvent(
    _ object: UnsafeBufferPointer<UInt8>, at cursor: FeedCursor, now: Instant, into batch: inout FeedBatch
  ) {
    guard object.count <= FeedLimits.lineBytes else {
      let head = Array(object.prefix(FeedLimits.truncatedBytes))
      batch.refuse(.tooLarge(head: head, length: object.count, at: cursor, header: nil))
      return
    }
    do throws(FieldFault) {
      try readCloudEvent(object)
      batch.append(try builder.build(&draft, now: now), from: object, at: cursor)
    } catch {
      batch.refuse(NDJSONDecoder.reject(error, object, cursor))
    }
  }

  /// Reads a CloudEvent into the draft: its data first, then what its attributes say, which goes before it.
  private mutating func readCloudEvent(_ object: UnsafeBufferPointer<UInt8>) throws(FieldFault) {
    guard let base = object.baseAddress else { return }
    begin(bytes: object.count)
    var scanner = JSONScanner(base: base, count: object.count)
    var envelope = CloudEventEnvelope()
    var fault: FieldFault?
    do throws(JSONScanner.Fault) {
      fault = try envelope.read(&scanner, arena)
      if let start = envelope.dataStart {
        // Passed once already; its texts are unescaped a second time.
        scanner.at = start
        let inner = try readMembers(&scanner)
        fault = fault ?? inner
      }
    } catch {
      throw NDJSONDecoder.fieldFault(error, object)
    }
    if let fault { throw fault }
    try checkCloudEvent(envelope)
    for (field, member) in [
      (EventField.eventID, CloudEventEnvelope.Member.id), (.source, .source), (.caseID, .subject),
      (.occurredAt, .time),
    ] {
      if let value = envelope[member] { put(value, field) }
    }
    if var type = envelope[.type] {
      if type.form == .text, let dot = type.bytes.lastIndex(of: UInt8(ascii: ".")) {
        type.bytes = UnsafeBufferPointer(rebasing: type.bytes[(dot + 1)...])
      }
      put(type, .type)
    }
    if var sequence = envelope[.sequence] {
      // The extension of this name is a number in a string.
      if sequence.form == .text { sequence.form = .cell }
      put(sequence, .sequence)
    }
  }

  private mutating func put(_ value: EventDraft.Value, _ field: EventField) {
    draft.clear(field)
    draft.set(field.bit, value.bytes, value.form)
  }

  /// Refuses what is no CloudEvent 1.0, or has data that cannot be read.
  private func checkCloudEvent(_ envelope: CloudEventEnvelope) throws(FieldFault) {
    guard let version = envelope[.specversion] else {
      throw NDJSONDecoder.cloudFault(.missingField, "specversion", "is missing: send CloudEvents 1.0.")
    }
    guard version.form == .text, version.bytes.elementsEqual("1.0".utf8) else {
      throw NDJSONDecoder.cloudFault(
        .badField, "specversion", "is \(Excerpt.quoted(version.bytes)): send CloudEvents 1.0.")
    }
    for member in [CloudEventEnvelope.Member.id, .source, .type] where envelope[member] == nil {
      throw NDJSONDecoder.cloudFault(
        .missingField, member.rawValue, "is missing: CloudEvents 1.0 requires it; the sender must add it.")
    }
    if envelope[.base64] != nil {
      throw NDJSONDecoder.cloudFault(
        .badField, "data_base64", "is not read: send data as a JSON object.")
    }
    if let data = envelope[.data], envelope.dataStart == nil {
      throw NDJSONDecoder.cloudFault(
        .badField, "data", "is \(Excerpt.quoted(data.bytes)): it must be a JSON object with the event's fields.")
    }
  }

  private static func cloudFault(_ code: RejectCode, _ attribute: String, _ words: String) -> FieldFault {
    var fault = FieldFault(code, nil, "\(attribute) \(words)")
    fault.columnName = attribute
    return fault
  }
}
