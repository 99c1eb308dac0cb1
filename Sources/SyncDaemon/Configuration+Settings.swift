package import APIClient
import Glibc
import Spool
import SyncEngine
import SyncPolicy
package import SystemPackage

/// The configuration in the terms of each part that goes by it.
extension Configuration {
  /// The daemon's database.
  package var queuePath: FilePath { state.directory.appending("queue.sqlite") }

  func engineSettings(users: UserTokens) -> EngineSettings {
    var settings = EngineSettings(
      debounce: DebouncePolicy(
        complete: debounce.complete, intensity: debounce.intensity, schedule: debounce.schedule, exercise: debounce.exercise,
        maxWait: debounce.maxWait),
      retry: RetryPolicy(backoff: retry.backoff, parkedInitial: retry.parkedInitial, parkedMax: retry.parkedMax),
      maximumConcurrentRequests: api.maxConcurrentRequests, rescanInterval: spool.rescanInterval)
    settings.bounds = SenderBounds(files: limits.filesPerUser, keys: limits.keysPerUser, bytes: limits.bytesPerUser)
    settings.accounts = users.users
    settings.unusableTokens = users.tokens.compactMapValues(\.obstacle)
    return settings
  }

  var submissionLimits: SubmissionLimits {
    SubmissionLimits(maximumFileSize: spool.maxFileSize, filesPerSender: limits.filesPerUser)
  }

  var spoolLimits: SpoolLimits {
    SpoolLimits(maximumFileSize: spool.maxFileSize, settleTime: spool.settleTime)
  }
}

extension Configuration {
  /// Reads the token's file, if one is configured; throws `DaemonError` or `APIClientError`.
  package func clientSettings(users: UserTokens = UserTokens()) throws -> APIClientSettings {
    var settings = APIClientSettings(
      baseURL: try APIBaseURL(api.baseURL), token: try readToken(), allowsClearTextToken: api.allowCleartextToken,
      certificateAuthorityFile: api.caFile?.string, timestamps: api.timestamps, requestTimeout: api.requestTimeout,
      maximumConcurrentRequests: api.maxConcurrentRequests,
      alsoRetry: retry.alsoStatuses)
    settings.userTokens = users.tokens
    return settings
  }

  /// The tokens of `api.user_tokens`.
  package func readUserTokens() -> UserTokens { UserTokens(in: api.userTokens) }

  /// The same for a daemon that starts: it cannot know whose writes must not go out with the common token while the directory is unreadable.
  ///
  /// Throws `DaemonError.userTokens`.
  func readFirstUserTokens() throws -> UserTokens {
    let users = readUserTokens()
    if let directory = api.userTokens, let failure = users.failure { throw DaemonError.userTokens(directory, reason: "\(failure)") }
    return users
  }

  /// The client of a daemon that starts. Throws `DaemonError` or `APIClientError`.
  func readFirstClient() throws -> ClientInForce {
    let users = try readFirstUserTokens()
    let settings = try clientSettings(users: users)
    return ClientInForce(client: try APIClient(settings, version: Daemon.version), settings: settings, users: users)
  }

  /// Throws what would keep a daemon from starting with this configuration, as far as that can be known without starting.
  ///
  /// - Parameter withTokens: Whether the tokens' files are read, which not everybody may.
  package func check(withTokens: Bool = true) async throws {
    var configuration = self
    if !withTokens { configuration.api.tokenFile = nil }
    let users = withTokens ? try readFirstUserTokens() : UserTokens()
    await (try APIClient(configuration.clientSettings(users: users), version: Daemon.version)).shutdown()
  }

  /// The token of `api.token_file`; nil when no file is configured. Throws `DaemonError.token`.
  func readToken() throws -> BearerToken? {
    guard let file = api.tokenFile else { return nil }
    do throws(TokenFileError) {
      return try BearerToken(file: file)
    } catch {
      throw DaemonError.token(file, reason: error.text)
    }
  }
}
