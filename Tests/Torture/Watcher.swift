import LibPQ
import Synchronization

/// Looks at the projector's row and the leadership all the time, as a dashboard would.
final class Watcher: Sendable {
  private struct Sample {
    var epoch: Int64
    var position: Int64
    var head: Int64
    var recordedAt: Int64
    var holder: String
    var leaders: Int64
  }

  private struct State {
    var last: Sample?
    var samples = 0
    var isOver = false
  }

  private let server: Server
  private let findings: Findings
  private let state = Mutex(State())

  /// A watcher that does not look yet.
  init(server: Server, findings: Findings) {
    self.server = server
    self.findings = findings
  }

  /// Who leads, as far as is known.
  var holder: String { state.withLock { $0.last?.holder ?? "" } }
  /// How often the leadership changed hands.
  var epoch: Int64 { state.withLock { $0.last?.epoch ?? 0 } }

  func start() { Task { await watch() } }
  func end() { state.withLock { $0.isOver = true } }

  /// The advisory lock of the leadership is "bizclock" in ASCII.
  private static let query = """
    SELECT p.epoch, p.position, h.position, p.recorded_at, coalesce(p.holder, ''),
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND (classid::int8 << 32 | objid::int8) = 7091333655711146859)
    FROM bizclock.projector p, bizclock.ledger_head h
    """

  private func watch() async {
    while !state.withLock({ $0.isOver }) {
      do {
        var options = ConnectionOptions()
        options.applicationName = "torture"
        options.connectTimeout = 2_000
        options.statementTimeout = 10_000
        let connection = try await Connection.connect(server.conninfo, options: options)
        while !state.withLock({ $0.isOver }) {
          let sample = try await connection.run { session in
            let row = try session.execute(Watcher.query)
            return Sample(
              epoch: try row.int8(0, 0), position: try row.int8(0, 1), head: try row.int8(0, 2),
              recordedAt: try row.timestamptz(0, 3), holder: try row.text(0, 4), leaders: try row.int8(0, 5))
          }
          compare(sample)
          try await Task.sleep(for: .milliseconds(60))
        }
        await connection.close()
      } catch {
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// Nothing that was seen is ever taken back, whatever crashed in between.
  private func compare(_ sample: Sample) {
    let last = state.withLock { state in
      defer { state.last = sample }
      return state.last
    }
    if sample.leaders > 1 { findings.add("\(sample.leaders) sessions hold the leadership at one time") }
    if sample.position > sample.head {
      findings.add("projected up to \(sample.position), but the ledger ends at \(sample.head)")
    }
    guard let last else { return }
    if sample.epoch < last.epoch || sample.position < last.position || sample.head < last.head
      || sample.recordedAt < last.recordedAt
    {
      findings.add("the projector went back from \(last) to \(sample)")
    }
    if sample.epoch == last.epoch, sample.holder != last.holder {
      findings.add("another leads in the same epoch \(sample.epoch): \(last.holder), then \(sample.holder)")
    }
    if sample.position > last.position || sample.head > last.head, sample.recordedAt == last.recordedAt,
      sample.position != last.position
    {
      findings.add("projected from \(last.position) to \(sample.position) without another recorded_at")
    }
  }
}
