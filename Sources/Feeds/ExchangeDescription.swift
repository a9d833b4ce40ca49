/// What a decoder must know of an exchange database beside what it must know of any feed.
public struct ExchangeDescription: Sendable, Equatable {
  /// What a task code stands for.
  public struct Task: Sendable, Equatable {
    /// The process.
    public var process: String
    /// The step that its acceptance is of; nil for none.
    public var step: String?

    /// A task; arguments as the properties.
    public init(process: String, step: String? = nil) {
      self.process = process
      self.step = step
    }
  }

  /// What a row of a process step tells.
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

  /// The schema of the tables.
  public var schema: String
  /// Whether an end time equal to the start time means "not ended yet" (GB/T 39046).
  public var openIfEqual: Bool
  /// What task codes stand for; cases of others have no process.
  public var tasks: [String: Task]
  /// What names of process steps stand for; others are steps of that name.
  public var steps: [String: Step]
  /// The event types that result types stand for; others are refused.
  public var results: [String: String]

  /// A description; arguments as the properties.
  public init(
    schema: String = "public", openIfEqual: Bool = false, tasks: [String: Task] = [:], steps: [String: Step] = [:],
    results: [String: String] = [:]
  ) {
    self.schema = schema
    self.openIfEqual = openIfEqual
    self.tasks = tasks
    self.steps = steps
    self.results = results
  }
}
