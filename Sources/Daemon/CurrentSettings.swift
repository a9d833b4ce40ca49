import Ledger
import Settings
import Synchronization

/// The settings as a reload leaves them.
final class CurrentSettings: Sendable {
  private let settings: Mutex<(projector: ProjectorSettings, retention: RetentionSettings)>

  init(_ projector: ProjectorSettings, _ retention: RetentionSettings = RetentionSettings()) {
    settings = Mutex((projector, retention))
  }

  /// The projector's settings of now.
  var value: ProjectorSettings {
    get { settings.withLock { $0.projector } }
    set { settings.withLock { $0.projector = newValue } }
  }

  /// How long things are kept, as of now.
  var retention: RetentionSettings {
    get { settings.withLock { $0.retention } }
    set { settings.withLock { $0.retention = newValue } }
  }
}
