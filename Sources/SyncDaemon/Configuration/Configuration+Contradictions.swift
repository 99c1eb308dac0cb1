import ControlProtocol
import ProgressModel
import SystemPackage

extension Configuration {
  /// What cannot be true together, though each value is right in itself: the key to change, and a clause about it.
  var contradictions: [Contradiction] {
    missingDefaults + contradictingPaths + contradictingTimes
  }

  struct Contradiction {
    /// The key to change.
    let path: String
    /// The other key, when there is one.
    var other: String?
    let text: String
  }

  private var missingDefaults: [Contradiction] {
    let homeless = "has no default here, as neither XDG_STATE_HOME nor HOME is set; set it"
    var found: [Contradiction] = []
    if spool.directory.isEmpty { found.append(.init(path: "spool.directory", text: homeless)) }
    if state.directory.isEmpty { found.append(.init(path: "state.directory", text: homeless)) }
    if control.socket.isEmpty {
      found.append(.init(path: "control.socket", text: "has no default here, as XDG_RUNTIME_DIR is not set; set it"))
    }
    return found
  }

  private var contradictingPaths: [Contradiction] {
    var found: [Contradiction] = []
    if !state.directory.isEmpty, state.directory == spool.directory {
      found.append(.init(path: "state.directory", text: "must not be spool.directory"))
    }
    // One that only follows from the control socket keeps no daemon from starting.
    let submissions = spool.socket == defaultSubmissionSocket ? "" : spool.socket
    for (path, socket) in [("control.socket", control.socket), ("spool.socket", submissions)] {
      let length = socket.string.utf8.count
      guard length > ControlPath.longestSocketPath else { continue }
      let text = "must have \(ControlPath.longestSocketPath) bytes at most, as the path of a socket, has \(length)"
      found.append(.init(path: path, text: text))
    }
    if !control.socket.isEmpty, control.socket == spool.socket {
      found.append(.init(path: "spool.socket", other: "control.socket", text: "must not be control.socket"))
    }
    return found
  }

  private var contradictingTimes: [Contradiction] {
    let atLeast: [(path: String, value: Duration, other: String, limit: Duration)] = [
      ("debounce.max_wait", debounce.maxWait, "debounce.complete", debounce.complete),
      ("debounce.max_wait", debounce.maxWait, "debounce.intensity", debounce.intensity),
      ("debounce.max_wait", debounce.maxWait, "debounce.schedule", debounce.schedule),
      ("debounce.max_wait", debounce.maxWait, "debounce.exercise", debounce.exercise),
      ("retry.parked_max", retry.parkedMax, "retry.parked_initial", retry.parkedInitial),
    ]
    return atLeast.filter { $0.value < $0.limit }
      .map {
        .init(path: $0.path, other: $0.other, text: "must not be shorter than \($0.other) (\($0.limit.spelled)), is \($0.value.spelled)")
      }
  }
}
