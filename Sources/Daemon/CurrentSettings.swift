import Ledger
import Synchronization

/// The projector's settings as a reload leaves them.
final class CurrentSettings: Sendable {
  private let settings: Mutex<ProjectorSettings>

  init(_ settings: ProjectorSettings) { self.settings = Mutex(settings) }

  /// The settings of now.
  var value: ProjectorSettings {
    get { settings.withLock { $0 } }
    set { settings.withLock { $0 = newValue } }
  }
}
