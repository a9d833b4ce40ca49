/// How an exchange database (前置库) is read; times in microseconds.
public struct ExchangeSettings: Sendable, Equatable {
  /// What a task code (实施编码) stands for.
  public struct Task: Sendable, Equatable {
    /// The process, as the policy names it.
    public var process: String
    /// The step that its acceptance is of; nil for none.
    public var step: String?

    /// A task; arguments as the properties.
    public init(process: String, step: String? = nil) {
      self.process = process
      self.step = step
    }
  }

  /// What a row of a process step (环节) tells.
  public struct Step: Sendable, Equatable {
    /// The events' step; nil for none.
    public var step: String?
    /// The type of the event at its start; nil for none.
    public var start: String?
    /// The type of the event at its end; nil for none.
    public var end: String?

    /// A step; arguments as the properties.
    public init(step: String? = nil, start: String? = nil, end: String? = nil) {
      self.step = step
      self.start = start
      self.end = end
    }
  }

  /// The time between two readings.
  public var poll: Int64
  /// How far behind what was read last each reading begins: longer than any transaction of those who write there.
  public var overlap: Int64
  /// When all rows are compared, from the midnight of the feed's zone.
  public var compareAt: Int64
  /// What task codes stand for; cases of others have no process.
  public var tasks: [String: Task]
  /// What names of process steps stand for; others are steps of that name.
  public var steps: [String: Step]
  /// The event types that result types stand for.
  public var results: [String: String]

  /// Settings; arguments as the properties.
  public init(
    poll: Int64 = 30_000_000, overlap: Int64 = 600_000_000, compareAt: Int64 = 9_000_000_000,
    tasks: [String: Task] = [:], steps: [String: Step] = [:], results: [String: String] = [:]
  ) {
    self.poll = poll
    self.overlap = overlap
    self.compareAt = compareAt
    self.tasks = tasks
    self.steps = steps
    self.results = results
  }
}
