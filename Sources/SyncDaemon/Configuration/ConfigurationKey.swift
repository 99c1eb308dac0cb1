/// One thing that can be set: its name, its meaning, and how its value is read and written.
package struct ConfigurationKey: Sendable {
  /// The name in the file, `api.base_url`; each dot is a level of the YAML mapping.
  package let path: String
  /// What it is for, in a clause.
  package let summary: String
  /// What its value must be.
  package let rule: String
  /// Whether a running daemon can take a new value; if not, it takes a restart.
  package let isReloadable: Bool
  /// The value of a configuration, spelled as the file and the environment may spell it.
  package let text: @Sendable (Configuration) -> String
  /// Gives the second configuration the value of the first.
  let copy: @Sendable (Configuration, inout Configuration) -> Void
  /// Reads a value into a configuration. Throws a `ValueProblem` and changes nothing when it is refused.
  let assign: @Sendable (RawValue, inout Configuration) throws(ValueProblem) -> Void

  init<Value>(
    _ path: String, _ property: any WritableKeyPath<Configuration, Value> & Sendable, _ format: ValueFormat<Value>, reloadable: Bool = true,
    _ summary: String
  ) {
    self.path = path
    (self.summary, rule) = (summary, format.rule)
    isReloadable = reloadable
    text = { format.write($0[keyPath: property]) }
    copy = { $1[keyPath: property] = $0[keyPath: property] }
    assign = { (raw, configuration) throws(ValueProblem) in configuration[keyPath: property] = try format.read(raw) }
  }

  /// The name in the environment, `PROGRESS_SYNC_API_BASE_URL`.
  package var environmentName: String { Self.environmentPrefix + path.uppercased().replacing(".", with: "_") }

  static let environmentPrefix = "PROGRESS_SYNC_"
}

extension ConfigurationKey {
  /// Every key, in the order in which they are listed. A new key is a property of `Configuration` and an entry here.
  package static let all: [ConfigurationKey] = [
    ConfigurationKey("api.base_url", \.api.baseURL, .baseURL, "where the progress API is"),
    ConfigurationKey("api.token_file", \.api.tokenFile, .optional(.path), "file with the bearer token"),
    ConfigurationKey(
      "api.user_tokens", \.api.userTokens, .optional(.path),
      "directory with the tokens of users: files token_NAME; the unit loads /etc/progress-sync/tokens/NAME"),
    ConfigurationKey("api.allow_cleartext_token", \.api.allowCleartextToken, .boolean, "whether the token may travel without TLS"),
    ConfigurationKey("api.ca_file", \.api.caFile, .optional(.path), "certificates (PEM) to trust instead of the system's"),
    ConfigurationKey("api.timestamps", \.api.timestamps, .choice(), "how instants are sent: utc, or naive for servers that refuse a zone"),
    ConfigurationKey("api.request_timeout", \.api.requestTimeout, .duration(upTo: .seconds(600)), "limit of one whole exchange"),
    ConfigurationKey("api.max_concurrent_requests", \.api.maxConcurrentRequests, .integer(in: 1...64), "requests under way at once"),

    ConfigurationKey("spool.directory", \.spool.directory, .path, reloadable: false, "where clients drop action files"),
    ConfigurationKey("spool.socket", \.spool.socket, .path, reloadable: false, "socket by which clients hand action files over"),
    ConfigurationKey("spool.max_file_size", \.spool.maxFileSize, .size(upTo: 16 << 20), "larger action files are rejected"),
    ConfigurationKey("spool.settle_time", \.spool.settleTime, .duration(upTo: .seconds(600)), "quiet time of a file written in place"),
    ConfigurationKey("spool.rescan_interval", \.spool.rescanInterval, .duration(upTo: .seconds(86_400)), "scan without being notified"),

    ConfigurationKey(
      "limits.files_per_user", \.limits.filesPerUser, .integer(in: 1...1_000_000),
      "files of a user in rejected/, and handed over by socket and waiting"),
    ConfigurationKey("limits.keys_per_user", \.limits.keysPerUser, .integer(in: 1...100_000_000), "queue entries that a user may have"),
    ConfigurationKey("limits.bytes_per_user", \.limits.bytesPerUser, .size(upTo: 64 << 30), "size of a user's values in the queue"),

    ConfigurationKey("state.directory", \.state.directory, .path, reloadable: false, "where the queue is kept"),

    ConfigurationKey("debounce.complete", \.debounce.complete, .duration(upTo: .seconds(3600)), "wait for a newer complete or uncomplete"),
    ConfigurationKey("debounce.intensity", \.debounce.intensity, .duration(upTo: .seconds(3600)), "wait for a newer rating"),
    ConfigurationKey("debounce.schedule", \.debounce.schedule, .duration(upTo: .seconds(3600)), "wait for a newer date"),
    ConfigurationKey("debounce.exercise", \.debounce.exercise, .duration(upTo: .seconds(3600)), "wait for a newer log of the exercise"),
    ConfigurationKey("debounce.max_wait", \.debounce.maxWait, .duration(upTo: .seconds(3600)), "limit of the wait while newer ones come"),

    ConfigurationKey("retry.backoff", \.retry.backoff, .list(of: .duration(upTo: .seconds(86_400))), "waits before each retry"),
    ConfigurationKey("retry.parked_initial", \.retry.parkedInitial, .duration(upTo: .seconds(86_400)), "first wait after the last retry"),
    ConfigurationKey("retry.parked_max", \.retry.parkedMax, .duration(upTo: .seconds(604_800)), "longest wait of a parked write"),
    ConfigurationKey("retry.also_statuses", \.retry.alsoStatuses, .set(of: .integer(in: 300...599)), "HTTP statuses to retry as well"),

    ConfigurationKey("control.socket", \.control.socket, .path, reloadable: false, "socket on which progressctl reaches the daemon"),
    ConfigurationKey("control.group", \.control.group, .optional(.group), reloadable: false, "group whose members may use the socket"),

    ConfigurationKey("metrics.listen", \.metrics.listen, .optional(.loopbackAddress), reloadable: false, "where Prometheus may ask"),

    ConfigurationKey("log.level", \.log.level, .choice(), "how much is logged"),

    ConfigurationKey("notices.desktop", \.notices.desktop, .boolean, "whether a user's service shows on the desktop what takes a person"),
  ]

  static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })
}

extension Configuration {
  /// With the values of `started` for what only a restart can change.
  package func keepingFixedKeys(of started: Configuration) -> Configuration {
    var configuration = self
    for key in ConfigurationKey.all where !key.isReloadable { key.copy(started, &configuration) }
    return configuration
  }

  /// The keys whose values differ from `running` though only a restart can change them.
  package func keysNeedingRestart(from running: Configuration) -> [ConfigurationKey] {
    ConfigurationKey.all.filter { !$0.isReloadable && $0.text(self) != $0.text(running) }
  }
}
