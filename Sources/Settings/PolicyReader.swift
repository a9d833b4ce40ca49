import ServiceTime

/// Reads a policy file: its calendars, then the promises that name them, and the names of regions.
struct PolicyReader {
  static let keys = ["calendars", "report_tags", "regions", "commitments"]
  static let mostCommitments = 200
  static let mostCalendars = 500

  let file: String
  let scope: PolicyDraft.Scope
  let log: FaultLog
  let zoneExists: (String) -> Bool
  let load: FileLoader
  var declared: [String: String] = [:]

  func draft(_ text: String) -> PolicyDraft? {
    guard let node = SourceNode.read(text, file: file, log: log) else { return nil }
    let root = Field(node: node, path: "", file: file, log: log)
    guard let map = root.map(keys: PolicyReader.keys) else { return nil }
    let calendars = calendars(map)
    var policy = Policy(commitments: [])
    policy.reportTags = map["report_tags"]?.texts() ?? []
    policy.regions = RegionReader(log: log, load: load).regions(map["regions"])
    let commitments =
      scope == .whole
      ? map.required("commitments", example: "[]")?.items() : map["commitments"].flatMap { $0.items() }
    read(commitments ?? [], into: &policy, calendars: Set(calendars.map(\.id)))
    return PolicyDraft(policy: policy, calendars: calendars, remarks: log.remarks)
  }

  private func calendars(_ map: FieldMap) -> [CalendarDefinition] {
    let example =
      "[{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: [\"08:30-12:00\"], days: [cn.csv], published_until: "
      + "2026-12-28 }]"
    guard let list = map.required("calendars", example: example), let items = list.items() else { return [] }
    if items.isEmpty { list.fault("names no calendar; add one, or start from the shipped policy") }
    if items.count > PolicyReader.mostCalendars {
      list.fault("more than \(PolicyReader.mostCalendars) calendars; take some out")
      return []
    }
    let reader = CalendarReader(zoneExists: zoneExists, load: load, declared: declared)
    let entries = items.compactMap { reader.entry($0) }
    CalendarChecks(entries: entries).run()
    return entries.map(\.definition)
  }

  private func read(_ items: [Field], into policy: inout Policy, calendars: Set<String>) {
    if let extra = items.dropFirst(PolicyReader.mostCommitments).first {
      extra.fault("more than \(PolicyReader.mostCommitments) commitments; take some out")
      return
    }
    var lines: [String: Int] = [:]
    for item in items {
      guard let map = item.openMap() else { continue }
      if let field = map["id"], let id = field.identifier() {
        if let line = lines[id] {
          field.fault("the id \(id) is already used on line \(line); choose another")
        } else {
          lines[id] = field.node.place.line
        }
      }
      let kind: CommitmentKind? = map["kind"].map { $0.choice(CommitmentKind.allCases) } ?? .clock
      switch kind {
      case .clock:
        if let commitment = CommitmentReader(calendars: calendars).commitment(item) {
          policy.commitments.append(commitment)
        }
      case .share:
        if let share = ShareReader().share(item) { policy.shares.append(share) }
      case nil: break
      }
    }
  }

  /// What a commitment promises.
  enum CommitmentKind: String, CaseIterable {
    /// That a clock stops in time.
    case clock
    /// That a share of events is of a kind.
    case share
  }
}
