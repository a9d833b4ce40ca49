import ServiceTime

/// A level that a clock reaches if nothing else happens, with all that its log line says.
public struct WatchedLevel: Sendable, Equatable {
  /// The alert that it will be.
  public var id: AlertID
  /// How loud it is.
  public var priority: Level.Priority
  /// When its clock is due then.
  public var dueAt: Instant
  /// When it is reached.
  public var levelAt: Instant
  /// The calendar that counts its clock.
  public var calendar: String
  /// Whom it is for.
  public var notify: Level.Addressee?
  /// The case's region.
  public var region: String?
  /// The case's grid.
  public var grid: String?
  /// The case's service window.
  public var serviceWindow: String?

  /// A level; arguments as the properties.
  public init(
    id: AlertID, priority: Level.Priority, dueAt: Instant, levelAt: Instant, calendar: String,
    notify: Level.Addressee? = nil, region: String? = nil, grid: String? = nil, serviceWindow: String? = nil
  ) {
    self.id = id
    self.priority = priority
    self.dueAt = dueAt
    self.levelAt = levelAt
    self.calendar = calendar
    self.notify = notify
    self.region = region
    self.grid = grid
    self.serviceWindow = serviceWindow
  }
}
