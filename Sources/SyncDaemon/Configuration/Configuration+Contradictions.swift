import SystemPackage

extension Configuration {
  /// What cannot be true together, though each value is right in itself: the key to change, and a clause about it.
  var contradictions: [(path: String, text: String)] {
    missingDefaults + contradictingPaths + contradictingTimes
  }

  private var missingDefaults: [(path: String, text: String)] {
    let homeless = "has no default here, as neither XDG_STATE_HOME nor HOME is set; set it"
    var found: [(String, String)] = []
    if spool.directory.isEmpty { found.append(("spool.directory", homeless)) }
    if state.directory.isEmpty { found.append(("state.directory", homeless)) }
    if control.socket.isEmpty { found.append(("control.socket", "has no default here, as XDG_RUNTIME_DIR is not set; set it")) }
    return found
  }

  private var contradictingPaths: [(path: String, text: String)] {
    var found: [(String, String)] = []
    if !state.directory.isEmpty, state.directory == spool.directory { found.append(("state.directory", "must not be spool.directory")) }
    // With the zero at its end a socket's path has 108 bytes: unix(7).
    if control.socket.string.utf8.count >= 108 {
      found.append(("control.socket", "must be shorter than 108 bytes, as the path of a socket"))
    }
    return found
  }

  private var contradictingTimes: [(path: String, text: String)] {
    let atLeast: [(path: String, value: Duration, other: String, limit: Duration)] = [
      ("debounce.max_wait", debounce.maxWait, "debounce.complete", debounce.complete),
      ("debounce.max_wait", debounce.maxWait, "debounce.intensity", debounce.intensity),
      ("debounce.max_wait", debounce.maxWait, "debounce.schedule", debounce.schedule),
      ("debounce.max_wait", debounce.maxWait, "debounce.exercise", debounce.exercise),
      ("retry.parked_max", retry.parkedMax, "retry.parked_initial", retry.parkedInitial),
    ]
    return atLeast.filter { $0.value < $0.limit }
      .map { ($0.path, "must not be shorter than \($0.other) (\($0.limit.spelled)), is \($0.value.spelled)") }
  }
}
