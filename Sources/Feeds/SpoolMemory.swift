/// What is remembered of the files of a spool directory that are in trouble, so that nothing is read or told twice
/// on account of it.
///
/// Everything is remembered of a name together with the state its file was in: another file under the same name, or
/// the same with other content, begins anew.
struct SpoolMemory {
  /// What is to be done with a file.
  enum Standing {
    /// To be read.
    case unread
    /// Read and committed; only its move is left.
    case committed
    /// Its reading failed lately.
    case failed
  }

  private struct Complaint: Equatable {
    var state: SpoolFileState?
    var description: String
  }

  private var told: [String: Complaint] = [:]
  private var committed: [String: SpoolFileState] = [:]
  private var failed: [String: SpoolFileState] = [:]

  func standing(_ name: String, _ state: SpoolFileState) -> Standing {
    if committed[name] == state { return .committed }
    return failed[name] == state ? .failed : .unread
  }

  mutating func commit(_ name: String, _ state: SpoolFileState) {
    failed[name] = nil
    committed[name] = state
  }

  mutating func fail(_ name: String, _ state: SpoolFileState) { failed[name] = state }

  /// Lets every file be read again whose reading failed.
  mutating func retryFailed() { failed.removeAll() }

  /// Whether a complaint was not made yet of this file in this state; from now on it was.
  mutating func isNew(_ description: String, of name: String, _ state: SpoolFileState?) -> Bool {
    let complaint = Complaint(state: state, description: description)
    return told.updateValue(complaint, forKey: name) != complaint
  }

  /// Forgets a file that is done with.
  mutating func forget(_ name: String) {
    told[name] = nil
    committed[name] = nil
    failed[name] = nil
  }

  /// Forgets all names but some: those that are no longer there would gather for ever.
  mutating func keep(where isThere: (String) -> Bool) {
    told = told.filter { isThere($0.key) }
    committed = committed.filter { isThere($0.key) }
    failed = failed.filter { isThere($0.key) }
  }

  var isEmpty: Bool { told.isEmpty && committed.isEmpty && failed.isEmpty }
}
