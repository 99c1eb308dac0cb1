package import ControlProtocol
package import ProgressModel

extension SocketClient {
  /// The counts, and how the daemon and the API stand.
  package func status() async throws -> StatusReport {
    try decode(StatusReport.self, try await get(ControlPath.status))
  }

  /// The entries that the caller may see and the filter lets through, in the order of acceptance, as they are read.
  package func queue(_ filter: QueueFilter = QueueFilter()) async throws -> JSONLines<QueueItem> {
    let query =
      filter.states.map { ("state", $0.rawValue) }.sorted { $0.1 < $1.1 } + filter.keys.sorted().map { ("key", $0) }
      + filter.ids.sorted().map { ("id", "\($0)") }
    return try await lines(ControlPath.queue, query)
  }

  /// One entry; nil when there is none with this id that the caller may see.
  package func entry(_ id: Int64) async throws -> QueueItem? {
    for try await item in try await queue(QueueFilter(ids: [id])) { return item }
    return nil
  }

  /// What has become of an action that the caller dropped.
  ///
  /// - Parameters:
  ///   - keys: The keys of its writes.
  ///   - goal: Until when the daemon keeps its answer back; nil: it answers at once.
  ///   - patience: How long it does so at most; then it answers what is true then.
  package func action(
    _ id: ActionID, keys: [WriteKey], until goal: ActionReport.State? = nil, for patience: Duration = .zero
  ) async throws -> ActionReport {
    var query = keys.map { (name: "key", value: "\($0)") }
    if let goal { query += [("until", goal.rawValue), ("for", patience.spelled)] }
    let path = "\(ControlPath.actions)/\(id.text.percentEncoded)"
    return try decode(ActionReport.self, try await get(path, query, patience: patience))
  }

  /// What happens from now on; it ends when the daemon ends in good order, and throws `ControlError.lost` when it does not.
  package func events(program: String? = nil, key: String? = nil) async throws -> JSONLines<LiveEvent> {
    let query = [("program", program), ("key", key)].compactMap { name, value in value.map { (name, $0) } }
    return try await lines(ControlPath.events, query, endless: true)
  }

  /// The refused files that the caller may see.
  package func rejected() async throws -> JSONLines<RejectedFile> {
    try await lines(ControlPath.rejected, [])
  }

  /// The contents of a refused file, byte for byte.
  package func contents(ofRejected name: String) async throws -> [UInt8] {
    try await get("\(ControlPath.rejected)/\(name.percentEncoded)")
  }

  /// Gives refused files to the daemon once more.
  package func requeue(_ choice: RejectedChoice) async throws -> CommandReport {
    try decode(
      CommandReport.self, try await post(ControlCoding.text(of: choice), to: "\(ControlPath.rejected)/requeue", within: timeouts.command))
  }

  /// Deletes refused files.
  package func discard(_ choice: RejectedChoice) async throws -> CommandReport {
    try decode(
      CommandReport.self, try await post(ControlCoding.text(of: choice), to: "\(ControlPath.rejected)/discard", within: timeouts.command))
  }

  /// What the daemon goes by.
  package func configuration() async throws -> ConfigurationReport {
    try decode(ConfigurationReport.self, try await get(ControlPath.configuration))
  }

  /// In Prometheus's text format.
  package func metrics() async throws -> String {
    String(decoding: try await get(ControlPath.metrics), as: UTF8.self)
  }

  /// Has the daemon do something; when this returns it is done, and durable where it changes the queue.
  package func perform(_ command: ControlCommand) async throws -> CommandReport {
    try decode(CommandReport.self, try await post(command.json, to: ControlPath.command(command.name), within: timeouts.limit(of: command)))
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(ControlError) -> Value {
    do {
      return try ControlCoding.value(type, from: bytes)
    } catch {
      throw .unexpected("no \(type): \(String(decoding: bytes.prefix(100), as: UTF8.self))")
    }
  }
}

extension SocketClient.Timeouts {
  fileprivate func limit(of command: ControlCommand) -> Duration {
    switch command {
    case .flush, .retry, .discard: change
    case .pause, .resume, .logLevel, .reload: self.command
    }
  }
}

extension ControlCommand {
  fileprivate var json: String {
    get throws {
      switch self {
      case .flush, .resume, .reload: "{}"
      case .retry(let choice), .discard(let choice): try ControlCoding.text(of: choice)
      case .pause(let time): try ControlCoding.text(of: Fields(for: time))
      case .logLevel(let level, let time): try ControlCoding.text(of: Fields(for: time, level: level))
      }
    }
  }
}
