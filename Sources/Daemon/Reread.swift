/// What became of something that is read anew beside the configuration, once it is in force.
public struct Reread: Sendable {
  /// What is otherwise than before, in words for the log; nil if nothing is.
  public var change: String?
  /// What is wrong with it, and what to do; nil if nothing is.
  public var trouble: String?

  /// Arguments as the properties.
  public init(change: String? = nil, trouble: String? = nil) {
    self.change = change
    self.trouble = trouble
  }
}
