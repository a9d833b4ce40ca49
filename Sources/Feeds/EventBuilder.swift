import Glibc
import ServiceTime

/// Applies the contract's field rules to a draft: the one place where they are written.
final class EventBuilder {
  private struct Translation {
    var values: [Identifier: UnsafeBufferPointer<UInt8>]
    var otherwise: UnsafeBufferPointer<UInt8>?
  }

  /// What a milestone's event says, as bytes.
  struct MilestoneText {
    var type: UnsafeBufferPointer<UInt8>
    var step: UnsafeBufferPointer<UInt8>?
  }

  let feed: FeedDescription
  private let store = TextStore()
  let milestones: [MilestoneText]
  /// The events of one row, while it is read.
  var told: [Event] = []
  /// The column of the time that is being read, where it is a milestone's.
  var timeColumn: String?
  private let translations: [(field: EventField, Translation)]
  private let defaults: [(field: EventField, bytes: UnsafeBufferPointer<UInt8>)]
  private let defaultFields: UInt32
  private let knownProcesses: Set<Identifier>
  // One decoder uses it, one record at a time: no access can overlap another.
  @exclusivity(unchecked) private var known = (processes: ShortTexts(), regions: ShortTexts())
  @exclusivity(unchecked) private var interned = InternTable()
  /// Of cases: the events of one come near each other.
  @exclusivity(unchecked) private var cases = InternTable()

  init(feed: FeedDescription) {
    self.feed = feed
    knownProcesses = Set(feed.knownProcesses.map { Identifier($0) })
    let store = store
    milestones = feed.milestones.prefix(FeedLimits.milestones).map {
      MilestoneText(type: store.keep($0.type), step: $0.step.map(store.keep))
    }
    translations = EventField.allCases.compactMap { field in
      guard let mapping = feed.mapping[field], mapping.translates else { return nil }
      let values = mapping.values.map { (Identifier($0.key), store.keep($0.value)) }
      return (
        field,
        Translation(
          values: Dictionary(uniqueKeysWithValues: values), otherwise: mapping.otherwise.map(store.keep))
      )
    }
    defaults = EventField.allCases.compactMap { field in
      guard let text = feed.defaults[field], !text.isEmpty else { return nil }
      return (field, store.keep(text))
    }
    defaultFields = defaults.reduce(0) { $0 | $1.field.bit }
  }

  /// The event of a draft, or the first rule that it breaks.
  func build(_ draft: inout EventDraft, now: Instant) throws(FieldFault) -> Event {
    if !translations.isEmpty { translate(&draft) }
    if defaultFields & ~draft.present != 0 { fillIn(&draft) }
    return try event(&draft, now: now)
  }

  /// The event of a draft whose values have been translated and filled in.
  private func event(_ draft: inout EventDraft, now: Instant) throws(FieldFault) -> Event {
    guard let caseBytes = try text(.caseID, &draft) else { throw missing(.caseID) }
    if SpoiledNumber.matches(caseBytes) { throw corrupt(.caseID, caseBytes) }
    let caseID = Identifier(cases.rareText(caseBytes))
    guard let typeBytes = try text(.type, &draft) else { throw missing(.type) }
    let type = interned.type(typeBytes)
    let occurredAt = try time(&draft, now: now)
    let given = try identifier(.eventID, &draft)
    let step = try internedText(.step, &draft)
    let eventID =
      given
      ?? Identifier(DerivedEventID.text(type: type.name, step: step, occurredAt: occurredAt))
    return Event(
      caseID: caseID, source: try source(&draft), eventID: eventID, type: type, occurredAt: occurredAt,
      sequence: draft.has(.sequence) ? try integer(.sequence, &draft) : nil,
      process: try process(&draft), step: step, region: try region(&draft), grid: try internedText(.grid, &draft),
      serviceWindow: try internedText(.serviceWindow, &draft), channel: try internedText(.channel, &draft),
      entityType: try internedText(.entityType, &draft),
      entityName: try text(.entityName, &draft).map { String(decoding: $0, as: UTF8.self) },
      uscc: try identifier(.uscc, &draft)?.text,
      tags: draft.has(.tags) ? try tags(&draft) : nil,
      voids: draft.has(.voids) || type.rank == EventType.Rank.voided ? try voids(&draft, type: type) : nil,
      extendDays: draft.has(.extendDays) || type.rank == EventType.Rank.extended
        ? try extendDays(&draft, type: type) : nil,
      kept: draft.kept.isEmpty ? nil : String(decoding: draft.kept, as: UTF8.self) + "}")
  }

  // MARK: Milestones

  /// The events of a draft that holds the times of several, in the order in which the feed names them, valid until the
  /// next draft; the first rule that one of them breaks refuses all.
  func buildMilestones(_ draft: inout EventDraft, now: Instant) throws(FieldFault) -> [Event] {
    told.removeAll(keepingCapacity: true)
    guard draft.reached != 0 else { throw noTime() }
    if !translations.isEmpty { translate(&draft) }
    if defaultFields & ~draft.present != 0 { fillIn(&draft) }
    let rowStep = draft.value(.step)
    var left = draft.reached
    defer { timeColumn = nil }
    while left != 0 {
      let index = left.trailingZeroBitCount
      left &= left - 1
      let time = draft.time(index)
      timeColumn = feed.milestones[index].column
      draft.set(EventField.type.bit, milestones[index].type, .cell)
      draft.set(EventField.occurredAt.bit, time.bytes, time.form)
      draft.clear(.step)
      if let step = milestones[index].step {
        draft.set(EventField.step.bit, step, .cell)
      } else if let rowStep {
        draft.set(EventField.step.bit, rowStep.bytes, rowStep.form)
      }
      do throws(FieldFault) {
        try tell(&draft, now: now)
      } catch {
        var fault = error
        if fault.field == .occurredAt { fault.columnName = timeColumn }
        throw fault
      }
    }
    return told
  }

  /// Adds an event; after the first of a row only what they do not have in common is read.
  private func tell(_ draft: inout EventDraft, now: Instant) throws(FieldFault) {
    guard var event = told.first else {
      told.append(try self.event(&draft, now: now))
      return
    }
    guard let type = draft.value(.type)?.bytes else { throw missing(.type) }
    event.type = interned.type(type)
    event.occurredAt = try time(&draft, now: now)
    event.step = try internedText(.step, &draft)
    event.eventID = Identifier(
      DerivedEventID.text(type: event.type.name, step: event.step, occurredAt: event.occurredAt))
    told.append(event)
  }

  /// Whether a draft may hold several events.
  var hasMilestones: Bool { !milestones.isEmpty }

  // MARK: Mapping and defaults

  private func translate(_ draft: inout EventDraft) {
    for (field, translation) in translations {
      guard let value = draft.value(field), value.form == .text || value.form == .cell || value.form == .number,
        !value.bytes.isEmpty
      else { continue }
      let key = Identifier(String(decoding: value.bytes, as: UTF8.self))
      if let translated = translation.values[key] ?? translation.otherwise {
        draft.clear(field)
        draft.set(field.bit, translated, .cell)
      }
    }
  }

  private func fillIn(_ draft: inout EventDraft) {
    for (field, bytes) in defaults where draft.value(field) == nil {
      // On any other type these two would be faults that the line did not make.
      if field == .extendDays || field == .voids {
        guard let type = draft.value(.type)?.bytes, InternTable.same(EventType.extended.name, type),
          field == .extendDays
        else { continue }
      }
      draft.set(field.bit, bytes, .cell)
    }
  }

  // MARK: Rules of single fields

  /// The field's text, not empty, within its length; nil if it has none.
  @inline(__always)
  private func text(
    _ field: EventField, _ draft: inout EventDraft
  ) throws(FieldFault) -> UnsafeBufferPointer<UInt8>? {
    guard let value = draft.value(field) else { return nil }
    guard value.form == .text || value.form == .cell else { throw notText(field, value) }
    // A text of more scalars than allowed has more bytes too.
    if value.bytes.count > field.maximumScalars { try checkLength(field, value.bytes) }
    if value.bytes.isEmpty { throw empty(field) }
    if value.form == .cell { try checkNoNUL(field, value.bytes) }
    return value.bytes
  }

  private func checkLength(_ field: EventField, _ bytes: UnsafeBufferPointer<UInt8>) throws(FieldFault) {
    let scalars = UTF8Check.scalarCount(bytes)
    guard scalars > field.maximumScalars else { return }
    throw FieldFault(
      .badField, field,
      "\(label(field)) has \(scalars) characters, it may have at most \(field.maximumScalars): shorten "
        + "\(Excerpt.quoted(bytes)) at its source.")
  }

  private func checkNoNUL(_ field: EventField, _ bytes: UnsafeBufferPointer<UInt8>) throws(FieldFault) {
    guard let base = bytes.baseAddress, memchr(base, 0, bytes.count) != nil else { return }
    throw FieldFault(.badField, field, "\(label(field)) holds a NUL character: take it out.")
  }

  @inline(__always)
  private func internedText(
    _ field: EventField, _ draft: inout EventDraft
  ) throws(FieldFault) -> String? {
    guard let bytes = try text(field, &draft) else { return nil }
    return interned.text(bytes)
  }

  @inline(__always)
  private func identifier(
    _ field: EventField, _ draft: inout EventDraft
  ) throws(FieldFault) -> Identifier? {
    guard let bytes = try text(field, &draft) else { return nil }
    if SpoiledNumber.matches(bytes) { throw corrupt(field, bytes) }
    return Identifier(String(decoding: bytes, as: UTF8.self))
  }

  private func source(_ draft: inout EventDraft) throws(FieldFault) -> Identifier {
    guard let bytes = try text(.source, &draft) else { return feed.source }
    return Identifier(interned.text(bytes))
  }

  private func process(_ draft: inout EventDraft) throws(FieldFault) -> String? {
    guard let bytes = try text(.process, &draft) else { return nil }
    let short = ShortText(bytes)
    if let short, let process = known.processes.text(short) { return process }
    let process = interned.text(bytes)
    guard knownProcesses.isEmpty || knownProcesses.contains(Identifier(process)) else {
      throw FieldFault(
        .unknownProcess, .process,
        "\(label(.process)) is \(Excerpt.quoted(bytes)), which the policy does not name: add a commitment for it or "
          + "map it to one of the policy's processes.")
    }
    if let short { known.processes.remember(short, process) }
    return process
  }

  private func region(_ draft: inout EventDraft) throws(FieldFault) -> String? {
    guard let bytes = try text(.region, &draft) else { return nil }
    let short = ShortText(bytes)
    if let short, let region = known.regions.text(short) { return region }
    if SpoiledNumber.matches(bytes) { throw corrupt(.region, bytes) }
    let length = bytes.count
    guard length == 2 || length == 4 || length == 6 || length == 9 || length == 12,
      bytes.allSatisfy({ $0 &- 48 < 10 })
    else {
      throw FieldFault(
        .badField, .region,
        "\(label(.region)) is \(Excerpt.quoted(bytes)): give a region code of 2, 4, 6, 9 or 12 digits.")
    }
    let region = String(decoding: bytes, as: UTF8.self)
    if let short { known.regions.remember(short, region) }
    return region
  }

  @inline(__always)
  func time(_ draft: inout EventDraft, now: Instant) throws(FieldFault) -> Instant {
    guard let value = draft.value(.occurredAt) else { throw missing(.occurredAt) }
    guard value.form == .text || value.form == .cell else { throw notText(.occurredAt, value) }
    guard case .instant(let instant) = OccurrenceTime.read(value.bytes, zone: feed.timeZone) else {
      throw badTime(value.bytes)
    }
    guard instant - now <= FeedLimits.futureTolerance else {
      throw FieldFault(
        .futureTime, .occurredAt,
        "\(label(.occurredAt)) is \(Excerpt.quoted(value.bytes)), more than 5 minutes after now (\(now)): set the "
          + "sender's clock or its time zone right.")
    }
    return instant
  }

  /// The field's whole number; nil if it has none.
  private func integer(_ field: EventField, _ draft: inout EventDraft) throws(FieldFault) -> Int64? {
    guard let value = draft.value(field) else { return nil }
    guard value.form == .number || value.form == .cell, let number = WholeNumber.read(value.bytes) else {
      throw FieldFault(
        .badField, field,
        "\(label(field)) is \(Excerpt.quoted(value.bytes)): give a whole number of 64 bits, in JSON without quotes, "
          + "fraction or exponent.")
    }
    return number
  }

  /// On an event of another type it is kept, and does nothing.
  private func voids(_ draft: inout EventDraft, type: EventType) throws(FieldFault) -> Identifier? {
    let voids = try identifier(.voids, &draft)
    if type.rank == EventType.Rank.voided, voids == nil { throw missing(.voids) }
    return voids
  }

  /// On an event of another type it is kept, and does nothing.
  private func extendDays(_ draft: inout EventDraft, type: EventType) throws(FieldFault) -> Int32? {
    guard let days = try integer(.extendDays, &draft) else {
      if type.rank == EventType.Rank.extended { throw missing(.extendDays) }
      return nil
    }
    guard days >= 1, days <= EventBuilder.mostExtendDays else {
      throw FieldFault(
        .badField, .extendDays,
        "\(label(.extendDays)) is \(days): give a whole number from 1 to \(EventBuilder.mostExtendDays).")
    }
    return Int32(days)
  }

  /// A hundred years of days; more would leave the range of times.
  static let mostExtendDays: Int64 = 36_500
}

// MARK: Tags

extension EventBuilder {
  private func tags(_ draft: inout EventDraft) throws(FieldFault) -> [String]? {
    guard let value = draft.value(.tags) else { return nil }
    let parts: [UnsafeBufferPointer<UInt8>]
    switch value.form {
    case .list where !draft.hasBadTag: parts = draft.tags
    case .cell: parts = EventBuilder.split(value.bytes)
    default:
      throw FieldFault(
        .badField, .tags, "\(label(.tags)) must be an array of strings, such as [\"assisted\"].")
    }
    guard parts.count <= FeedLimits.tags else {
      throw FieldFault(
        .badField, .tags, "\(label(.tags)) has \(parts.count) entries, it may have at most \(FeedLimits.tags).")
    }
    var tags: [String] = []
    tags.reserveCapacity(parts.count)
    for part in parts {
      if part.isEmpty { throw empty(.tags) }
      if part.count > EventField.tags.maximumScalars { try checkLength(.tags, part) }
      if value.form == .cell { try checkNoNUL(.tags, part) }
      tags.append(interned.text(part))
    }
    return tags
  }

  /// The parts of a cell between `;` or `|`, blanks around them and empty ones left out.
  private static func split(_ bytes: UnsafeBufferPointer<UInt8>) -> [UnsafeBufferPointer<UInt8>] {
    bytes.split { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "|") }
      .map { CellText.trimmed(UnsafeBufferPointer(rebasing: $0)) }
      .filter { !$0.isEmpty }
  }
}
