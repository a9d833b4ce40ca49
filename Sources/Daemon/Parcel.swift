import Feeds
import Ledger

/// What somebody posted for a feed, on its way into the ledger.
public struct Parcel: Sendable {
  /// What quarantine calls the place that lines came from.
  public static let linesOrigin = "POST /v1/events"
  /// What quarantine calls the place that CloudEvents came from: they are read again as such.
  public static let cloudEventsOrigin = "POST /v1/events (CloudEvents)"

  /// The bytes.
  public let body: [UInt8]
  /// How they are written.
  public let form: BodyReader.Form
  /// How many lines or CloudEvents it has at most; an empty line counts.
  public let records: Int
  /// Released with the parcel, whoever drops it last: its share of the memory for bodies.
  private let share: BodyBudget.Share?

  /// A parcel.
  public init(body: [UInt8], form: BodyReader.Form, share: BodyBudget.Share? = nil) {
    self.body = body
    self.form = form
    records =
      switch form {
      case .lines: body.count { $0 == UInt8(ascii: "\n") } + 1
      case .cloudEvents(let places): places.count
      }
    self.share = share
  }

  var origin: String { form == .lines ? Parcel.linesOrigin : Parcel.cloudEventsOrigin }

  /// What became of a parcel.
  public enum Outcome: Sendable, Equatable {
    /// All of it is committed.
    case taken(AppendOutcome)
    /// Nothing is known of it, or it was not begun: the database is away or slow, or the feed is being set up anew.
    /// The same again does no harm.
    case away
    /// The ledger refuses it, and would again; the log says why.
    case refused
    /// There is no such feed that takes posts.
    case noFeed
  }
}
