import Ledger
import LibPQ
import ServiceTime
import Settings

/// Declares local closures (typhoon 停工) of the calendar in force: each declaration is a version of it, in force at
/// once, kept with who, when and why.
///
/// It looks at the rules in force and applies over these alone: whatever comes into force in between makes it an error.
public struct ClosureDesk: Sendable {
  /// A declaration that cannot be made, in plain words.
  public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String
    /// Whether what was named is not there.
    public var isMissing = false
  }

  /// A closure and the calendar it is of.
  public struct Entry: Sendable, Equatable {
    /// The calendar.
    public var calendar: String
    /// The closure.
    public var closure: Closure
    /// Whether it was declared; else it is written in the calendar's document.
    public var isDeclared: Bool
  }

  /// The rules that it looked at.
  public let inForce: Rules.InForce
  private let definitions: [CalendarDefinition]
  private let zones: [String: TimeZoneTable]

  /// Looks at the rules in force.
  public init(_ session: inout Session) throws {
    guard let inForce = try Rules.inForce(&session) else { throw DatabaseFault.noSchema }
    self.inForce = inForce
    definitions = try PolicyDraft.parse(inForce.calendar.documents(named: "calendar in force"), scope: .calendars)
      .calendars
    zones = try ZoneFiles.load(for: definitions)
  }

  /// The closures of all calendars, or of one, by calendar and beginning.
  public func entries(calendar id: String? = nil) throws -> [Entry] {
    if let id { _ = try definition(id) }
    return try definitions.filter { id == nil || $0.id == id }.flatMap { definition in
      let declared = try declared(definition.id)
      return definition.closures.sorted { $0.from < $1.from }.map {
        Entry(calendar: definition.id, closure: $0, isDeclared: declared.contains($0))
      }
    }
  }

  /// The zone of a calendar, which a layer may have from its base.
  public func zone(calendar id: String) throws -> TimeZoneTable {
    var next: CalendarDefinition? = try definition(id)
    while let definition = next {
      if let name = definition.timeZone, let zone = zones[name] { return zone }
      next = definition.base.flatMap { base in definitions.first { $0.id == base } }
    }
    throw Refusal(
      description: "The calendar \(id) has no time zone that this system knows; install the package tzdata.")
  }

  // MARK: - Declarations

  /// The calendar's document with a closure more.
  public func begin(calendar id: String, name: String, from: Instant, to: Instant?) throws -> RuleDocument {
    let definition = try definition(id)
    let zone = try zone(calendar: id)
    if let problem = ClosuresFile.problem(name: name) { throw Refusal(description: "\(problem).") }
    if let to, to <= from {
      throw Refusal(
        description: "The closure would end at \(to.rfc3339(in: zone)), not after its beginning at "
          + "\(from.rfc3339(in: zone)); give a later --to, or none while nobody knows it.")
    }
    let closure = Closure(from: from, to: to, name: name)
    if let other = definition.closures.first(where: { ClosureDesk.overlap($0, closure) }) {
      throw Refusal(
        description: "The calendar \(id) has \(ClosureDesk.words(other, zone)) already, which overlaps; "
          + (other.from > from
            ? "give --to no later than \(other.from.rfc3339(in: zone)): from then on the other counts."
            : other.to == nil ? "end that first." : "begin at its end, or take it back with remove."))
    }
    return try document(id, zone, try declared(id) + [closure])
  }

  /// The calendar's document with the end of a closure that is under way at an instant, or, given a name, of that one.
  public func end(calendar id: String, name: String?, at instant: Instant) throws -> (RuleDocument, Closure) {
    let definition = try definition(id)
    let zone = try zone(calendar: id)
    var declared = try declared(id)
    func isMeant(_ closure: Closure) -> Bool {
      (name.map { closure.name == $0 } ?? true) && closure.to.map { $0 > instant } ?? true
    }
    guard let index = declared.firstIndex(where: { isMeant($0) && $0.from < instant }) else {
      if let later = declared.first(where: isMeant) {
        throw Refusal(
          description: "\(ClosureDesk.words(later, zone)) of the calendar \(id) does not begin before "
            + "\(instant.rfc3339(in: zone)); give a later --at, or take it back with remove.")
      }
      if let written = definition.closures.first(where: isMeant) {
        throw Refusal(
          description: "\(ClosureDesk.words(written, zone)) is written in the calendar's document; "
            + "write its end there, and run: bizclock calendar apply.")
      }
      throw Refusal(
        description: "No closure\(name.map { " \($0)" } ?? "") of the calendar \(id) is under way at "
          + "\(instant.rfc3339(in: zone)); see: bizclock calendar closure list.", isMissing: true)
    }
    declared[index].to = instant
    return (try document(id, zone, declared), declared[index])
  }

  /// The calendar's document without a closure that was declared by mistake, given by its name or its beginning.
  public func remove(calendar id: String, name: String?, from: Instant?) throws -> (RuleDocument, Closure) {
    let zone = try zone(calendar: id)
    var declared = try declared(id)
    let meant = declared.filter { closure in
      (name.map { closure.name == $0 } ?? true) && (from.map { closure.from == $0 } ?? true)
    }
    guard let closure = meant.first else {
      throw Refusal(
        description: "No such closure of the calendar \(id) was declared; see: bizclock calendar closure list.",
        isMissing: true)
    }
    guard meant.count == 1 else {
      throw Refusal(
        description: "\(meant.count) closures of the calendar \(id) are meant; tell the one by --from "
          + meant.map { $0.from.rfc3339(in: zone) }.joined(separator: " or ") + ".")
    }
    declared.removeAll { $0 == closure }
    return (try document(id, zone, declared), closure)
  }

  /// The change that a document of `begin`, `end` or `remove` makes.
  ///
  /// - Parameter retrospectiveAfter: in microseconds.
  public func change(_ document: RuleDocument, retrospectiveAfter: Int64) throws -> Rules.Change {
    Rules.Change(
      [(.calendar, document)], rulebook: try RuleLoader.compile(policy: inForce.policy, calendar: document),
      over: inForce, former: try RuleLoader.compile(policy: inForce.policy, calendar: inForce.calendar),
      because: .closure, retrospectiveAfter: retrospectiveAfter)
  }

  // MARK: - Words

  /// A closure by its name and times: `台风停工 (from … on)`.
  public static func words(_ closure: Closure, _ zone: TimeZoneTable) -> String {
    let from = closure.from.rfc3339(in: zone)
    let span = closure.to.map { "\(from) to \($0.rfc3339(in: zone))" } ?? "from \(from) on"
    return "the closure \(closure.name.isEmpty ? "without a name" : closure.name) (\(span))"
  }

  private static func overlap(_ a: Closure, _ b: Closure) -> Bool {
    (b.to.map { a.from < $0 } ?? true) && (a.to.map { b.from < $0 } ?? true)
  }

  private func definition(_ id: String) throws(Refusal) -> CalendarDefinition {
    if let found = definitions.first(where: { $0.id == id }) { return found }
    throw Refusal(
      description:
        "There is no calendar \(id) in force; there is \(definitions.map(\.id).joined(separator: ", ")).",
      isMissing: true)
  }

  private func declared(_ id: String) throws -> [Closure] {
    try ClosuresFile.read(calendar: id, in: inForce.calendar.files).closures
  }

  private func document(_ id: String, _ zone: TimeZoneTable, _ closures: [Closure]) throws -> RuleDocument {
    var document = inForce.calendar
    document.files[ClosuresFile.name(calendar: id)] =
      closures.isEmpty ? nil : ClosuresFile(closures: closures).text(in: zone)
    return document
  }
}

extension RuleDocument {
  /// The files that were written by hand: all but those of declared closures.
  public var writtenFiles: [String: String] { files.filter { ClosuresFile.calendar(file: $0.key) == nil } }

  /// A draft of calendars with the closures that were declared of the document in force, which it takes the place of:
  /// what a supervisor declared is not lost with a new draft. Refused where the draft no longer has their calendar.
  public func keepingClosures(
    of former: RuleDocument, calendars: [CalendarDefinition]
  ) throws(ClosureDesk.Refusal) -> RuleDocument {
    var document = self
    document.files = writtenFiles
    for (name, text) in former.files.sorted(by: { $0.key < $1.key }) {
      guard let id = ClosuresFile.calendar(file: name) else { continue }
      guard calendars.contains(where: { $0.id == id }) else {
        throw ClosureDesk.Refusal(
          description:
            "The draft has no calendar \(id), of which closures were declared; keep the calendar, or take "
            + "them back first with: bizclock calendar closure remove --calendar \(id).")
      }
      document.files[name] = text
    }
    return document
  }
}
