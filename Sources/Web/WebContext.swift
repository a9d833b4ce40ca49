import Hummingbird
import NIOCore

/// What is known of a request beside itself: the connection it came over.
struct WebContext: InitializableFromSource, Sendable {
  let channel: any Channel

  init(source: ApplicationRequestContextSource) { channel = source.channel }
}
