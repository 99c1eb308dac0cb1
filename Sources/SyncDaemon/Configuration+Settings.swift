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

  var engineSettings: EngineSettings {
    var settings = EngineSettings(
      debounce: DebouncePolicy(
        complete: debounce.complete, intensity: debounce.intensity, schedule: debounce.schedule, exercise: debounce.exercise,
        maxWait: debounce.maxWait),
      retry: RetryPolicy(backoff: retry.backoff, parkedInitial: retry.parkedInitial, parkedMax: retry.parkedMax),
      maximumConcurrentRequests: api.maxConcurrentRequests, rescanInterval: spool.rescanInterval)
    settings.bounds = SenderBounds(files: limits.filesPerUser, keys: limits.keysPerUser, bytes: limits.bytesPerUser)
    return settings
  }

  var submissionLimits: SubmissionLimits {
    SubmissionLimits(maximumFileSize: spool.maxFileSize)
  }

  var spoolLimits: SpoolLimits {
    SpoolLimits(maximumFileSize: spool.maxFileSize, settleTime: spool.settleTime)
  }
}

extension Configuration {
  /// Reads the token's file, if one is configured; throws `DaemonError` or `APIClientError`.
  package func clientSettings() throws -> APIClientSettings {
    APIClientSettings(
      baseURL: try APIBaseURL(api.baseURL), token: try readToken(), allowsClearTextToken: api.allowCleartextToken,
      certificateAuthorityFile: api.caFile?.string, timestamps: api.timestamps, requestTimeout: api.requestTimeout,
      maximumConcurrentRequests: api.maxConcurrentRequests,
      alsoRetry: retry.alsoStatuses)
  }

  /// Throws what would keep a daemon from starting with this configuration, as far as that can be known without starting.
  ///
  /// - Parameter withToken: Whether the token's file is read, which not everybody may.
  package func check(withToken: Bool = true) async throws {
    var configuration = self
    if !withToken { configuration.api.tokenFile = nil }
    await (try APIClient(configuration.clientSettings(), version: Daemon.version)).shutdown()
  }

  /// More than any token is long.
  private static let longestToken = 64 * 1024

  /// The token of `api.token_file`; nil when no file is configured. Throws `DaemonError.token`.
  func readToken() throws -> BearerToken? {
    guard let file = api.tokenFile else { return nil }
    let bytes: [UInt8]
    do throws(ConfiguredFileError) {
      bytes = try file.readConfiguredFile(limit: Self.longestToken)
    } catch {
      throw DaemonError.token(file, reason: error.text)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    do {
      return try BearerToken(String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()))
    } catch {
      throw DaemonError.token(file, reason: "is refused: \(error)")
    }
  }
}
