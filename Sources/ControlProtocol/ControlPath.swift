/// The paths of the control socket. Those under `/v1` keep their meaning; what is added to an answer is to be passed over by older clients.
package enum ControlPath {
  /// The longest path of the socket, in bytes: what clients that use NIO connect to, on every system. Linux would take four more, unix(7).
  package static let longestSocketPath = 103

  /// GET: `StatusReport`.
  package static let status = "/v1/status"
  /// GET: a `QueueItem` a line. `?state=`, `?key=`, `?id=` each narrow it down, and may be repeated.
  package static let queue = "/v1/queue"
  /// GET with `/ID` behind it: what has become of an action that the caller dropped, an `ActionReport`. `?key=`, repeated, names its keys;
  /// `?until=accepted` or `synced` waits for that, for `?for=` at most.
  package static let actions = "/v1/actions"
  /// GET: a `LiveEvent` a line, as they happen. `?program=`, `?key=` narrow it down.
  package static let events = "/v1/events"
  /// GET: a `RejectedFile` a line; with `/NAME` behind it the file's contents. POST `RejectedChoice` to `…/requeue` and `…/discard`.
  package static let rejected = "/v1/rejected"
  /// GET: a `ConfigurationReport`.
  package static let configuration = "/v1/configuration"
  /// GET: Prometheus text format.
  package static let metrics = "/metrics"

  /// POST with the JSON of the `ControlCommand`: a `CommandReport`.
  package static func command(_ name: ControlCommand.Name) -> String { "/v1/\(name.rawValue)" }
}

/// What an answer other than 200 carries: one line for a person.
package struct ControlRefusal: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  package let kind: Kind
  /// What is wrong, and what to do.
  package let error: String

  /// Each with its HTTP status.
  package enum Kind: String, Codable, Sendable {
    case badRequest = "bad_request"
    /// The caller is not the owner, nor root, nor the user that the daemon runs as.
    case notPermitted = "not_permitted"
    case notFound = "not_found"
    /// As things stand it cannot be done.
    case conflict
    /// Its disk fails, or too many ask.
    case unavailable
    /// The daemon is ending, and has done nothing of it: the next one can be asked.
    case ending

    package var status: Int {
      switch self {
      case .badRequest: 400
      case .notPermitted: 403
      case .notFound: 404
      case .conflict: 409
      case .unavailable, .ending: 503
      }
    }
  }

  package init(_ kind: Kind, _ error: String) {
    (self.kind, self.error) = (kind, error)
  }

  package var description: String { error }
}
