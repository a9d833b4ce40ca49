/// What is measured of the service, by the name that monitoring knows.
///
/// The names are a promise to operators: they are added to, never renamed. Times are in seconds, instants in seconds
/// since 1970 UTC.
public enum Metric: String, CaseIterable, Sendable {
  case buildInfo = "bizclock_build_info"
  case leader = "bizclock_leader"
  case databaseUp = "bizclock_database_up"
  case databaseLost = "bizclock_database_lost_total"
  case ledgerPosition = "bizclock_ledger_position"
  case projectedPosition = "bizclock_projected_position"
  case eventsBehind = "bizclock_events_behind"
  case feedEvents = "bizclock_feed_events_total"
  case feedLastReceived = "bizclock_feed_last_received_timestamp_seconds"
  case feedStalled = "bizclock_feed_stalled"
  case quarantineOpen = "bizclock_quarantine_open"
  case openClocks = "bizclock_open_clocks"
  case overdueClocks = "bizclock_overdue_clocks"
  case alerts = "bizclock_alerts_total"
  case alertLinesWaiting = "bizclock_alert_lines_waiting"
  case detection = "bizclock_detection_seconds"
  case nextLevel = "bizclock_next_level_timestamp_seconds"
  case levelsThrough = "bizclock_levels_through_timestamp_seconds"
  case logRefused = "bizclock_log_refused_total"
  case append = "bizclock_append_seconds"
  case project = "bizclock_project_seconds"
  case httpRequests = "bizclock_http_requests_total"
  case looksFailed = "bizclock_metrics_looks_failed_total"
  case labelsDropped = "bizclock_metrics_labels_dropped_total"
  case processMemory = "process_resident_memory_bytes"
  case processCPU = "process_cpu_seconds_total"
  case processFiles = "process_open_fds"
  case processStart = "process_start_time_seconds"

  /// How its values are to be understood.
  public enum Kind: Sendable, Equatable {
    /// Only grows while the process lives.
    case counter
    /// Goes up and down.
    case gauge
    /// Observations counted by upper bounds, which ascend; the bound of infinity is understood.
    case histogram([Double])
  }

  /// How its values are to be understood.
  public var kind: Kind {
    switch self {
    case .databaseLost, .feedEvents, .alerts, .logRefused, .httpRequests, .looksFailed, .labelsDropped, .processCPU:
      .counter
    case .detection:
      // The target is 50 ms; what comes late because nothing ran is counted in minutes and hours.
      .histogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600])
    case .append, .project:
      .histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
    default: .gauge
    }
  }

  /// One sentence for whoever reads the page.
  public var help: String {
    switch self {
    case .buildInfo: "The program that runs; always 1."
    case .leader: "Whether this daemon projects events and raises alerts (1) or does not (0)."
    case .databaseUp: "Whether the database answered when it was last asked."
    case .databaseLost: "How often the leader or stand-by lost the database."
    case .ledgerPosition: "The last position given in the ledger."
    case .projectedPosition: "The position up to which the ledger is projected."
    case .eventsBehind: "Positions of the ledger that are not projected yet."
    case .feedEvents: "Lines this daemon took in, by what became of them: new, duplicate or quarantined."
    case .feedLastReceived: "When a feed last brought something."
    case .feedStalled: "Whether a feed has brought nothing for longer than it may."
    case .quarantineOpen: "Lines in quarantine that nobody has dealt with."
    case .openClocks: "Clocks that run or are paused."
    case .overdueClocks: "Open clocks past their due time."
    case .alerts: "Alert lines this daemon wrote to the log: raised, resolved, withdrawn or amended."
    case .alertLinesWaiting: "Alert lines that wait to be written to the log; counted up to 100,000."
    case .detection: "From a level's instant, or the later arrival of the data that told it, to the alert's record."
    case .nextLevel: "The next instant at which a level is reached."
    case .levelsThrough: "Every level up to this instant has been raised."
    case .logRefused: "How often the log took no line."
    case .append: "How long it took to append a batch of events."
    case .project: "How long it took to project a batch of events."
    case .httpRequests: "Requests answered over HTTP, by path and status."
    case .looksFailed: "How often the database was asked for these figures in vain."
    case .labelsDropped: "Label values left out because a metric had too many; by metric."
    case .processMemory: "Memory in use."
    case .processCPU: "Processor time used."
    case .processFiles: "Open file descriptors."
    case .processStart: "When the process began."
    }
  }
}
