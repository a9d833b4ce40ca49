import ServiceTime

@testable import Ledger

/// Tax steps of June 2026, of which nine in ten should come in online. The month has 21 worked days; on Monday the
/// 22nd the 15th of them has run and 6 are left, the 19th is a holiday.
enum ShareOffice {
  /// A tax step of a case of its own.
  static func tax(
    _ caseID: String, _ at: String, _ channel: String? = "online", id: String? = nil
  ) -> Event {
    .told(caseID, "step_completed", at, id: id) {
      $0.step = "tax"
      $0.channel = channel
    }
  }

  /// Tax steps of cases of their own, the first of them online, the others at the window.
  static func taxes(_ name: String, _ at: String, _ population: Int, online: Int) -> [Event] {
    (0..<population).map { tax("\(name)\($0)", at, $0 < online ? "online" : "window") }
  }

  /// The share, changed.
  static func rulebook(_ change: (inout ShareCommitment) -> Void) throws -> Rulebook {
    try ShippedRules.rulebook { policy, _ in
      for index in policy.shares.indices { change(&policy.shares[index]) }
    }
  }
}

extension TestLedger {
  /// The cells of shares: date, population and counted.
  func shareCells() async throws -> [String] {
    try await column(
      "SELECT concat_ws(' ', to_char(day, 'MM-DD'), population, counted) FROM bizclock.share_cell ORDER BY day")
  }

  /// The alerts of shares, and what became of them.
  func shareAlerts() async throws -> [String] {
    try await column(
      """
      SELECT concat_ws(' ', round, level, to_char(level_at, 'MM-DD HH24:MI'),
        CASE WHEN resolved_at IS NOT NULL THEN 'resolved ' || to_char(resolved_at, 'MM-DD') END,
        CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' END, CASE WHEN amended_at IS NOT NULL THEN 'amended' END,
        CASE WHEN retrospective THEN 'retrospective' END, change_reason)
      FROM bizclock.alert WHERE case_id = '' ORDER BY round, level_at, level
      """)
  }

  /// The waiting log lines of shares, and summaries.
  func shareLines() async throws -> [String] {
    try await column(
      """
      SELECT concat_ws(' ', substr(event, 7), round, level, fields->>'counted', fields->>'population',
        CASE WHEN event = 'alert.summary' THEN fields::text END)
      FROM bizclock.log_outbox WHERE commitment IS NULL OR commitment = 'online_tax' ORDER BY id
      """)
  }

  /// The view, as of a moment.
  func shareMonthly(_ now: String) async throws -> [String] {
    try await execute("SELECT set_config('bizclock.now', '\(now)+08', false)")
    return try await column(
      """
      SELECT concat_ws(' ', commitment, period, population, counted, round(share::numeric, 4), target,
        coalesce(met::text, '-'), period_end, coalesce(round(best_share::numeric, 4)::text, '-'), needed)
      FROM dashboard.share_monthly ORDER BY commitment, period
      """)
  }
}
