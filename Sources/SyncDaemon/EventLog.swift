import Logging
import ProgressModel
import SyncEngine
import SyncPolicy
import SyncStore

/// Says what happened, each thing once, with native fields for `journalctl PROGRESS_KEY=…`.
struct EventLog: Sendable {
  let logger: Logger

  func log(_ event: SyncEvent, now: Timestamp) {
    switch event {
    case .accepted(let file, let sender, let acceptance): logAcceptance(acceptance, of: file, sender: sender)
    case .refused(let file, let reason, let storedAs):
      logger.warning("Rejected \(file): \(reason) (kept as rejected/\(storedAs))", metadata: ["PROGRESS_FILE": "\(file)"])
    case .ignored(let file, let reason):
      logger.notice("Left alone in incoming/: \(file): \(reason)", metadata: ["PROGRESS_FILE": "\(file)"])
    case .retrying(let key, let attempt, let maximum):
      logger.info("🔄 Retrying sync for \(key) (attempt \(attempt)/\(maximum))", metadata: fields(of: key, attempt: attempt))
    case .synced(let key, 0):
      logger.info("✅ Synced: \(key)", metadata: fields(of: key))
    case .synced(let key, let failures):
      logger.info("✅ Retry successful for \(key)", metadata: fields(of: key, attempt: failures))
    case .attemptFailed(let key, let failures, let wasParked, let status, let reason):
      let level: Logger.Level = wasParked ? .debug : .warning
      logger.log(level: level, "❌ Sync failed for \(key): \(reason)", metadata: fields(of: key, attempt: failures, status: status))
    case .parked(let key):
      logger.warning("❌ Max retry attempts reached for \(key); parked", metadata: fields(of: key))
    case .rejected(let key, let status, let reason):
      logger.error("❌ Rejected by the API: \(key): \(reason)", metadata: fields(of: key, status: status))
    case .setAside(let row):
      logger.error("Row \(row) of the queue is unreadable; it is kept among the failed ones, and the rest goes on")
    case .endpoint(let state): logEndpoint(state, now: now)
    case .storageFailed(let reason):
      logger.error("The spool or the queue cannot be used; nothing is lost, trying again: \(reason)")
    case .storageRecovered:
      logger.notice("The spool and the queue can be used again")
    case .removalFailed(let reason):
      logger.warning("Accepted files stay in claimed/ for now: \(reason)")
    }
  }

  private func logAcceptance(_ acceptance: Acceptance, of file: String, sender: UInt32) {
    let metadata: Logger.Metadata = ["PROGRESS_FILE": "\(file)", "PROGRESS_SENDER_UID": "\(sender)"]
    if !acceptance.keys.isEmpty {
      logger.debug("Accepted \(file): \(acceptance.keys.map(\.description).joined(separator: ", "))", metadata: metadata)
    }
    for key in acceptance.outdated {
      logger.notice("Superseded in \(file): \(key): a value that was recorded later waits already", metadata: metadata)
    }
    for id in acceptance.repeated {
      logger.info("Repeated in \(file): the action \(id) was accepted before", metadata: metadata)
    }
  }

  private func logEndpoint(_ state: EndpointHealth.State, now: Timestamp) {
    switch state {
    case .reachable: logger.notice("The API answers")
    case .paused(let until, let reason): logger.notice("The API asks for silence for \((until - now).inWords): \(reason)")
    case .failing(_, _, _, _, let reason): logger.warning("The API takes nothing: \(reason); one request at a time, nothing is lost")
    case .unreachable(_, _, let probeAt, let reason):
      logger.warning("No answer from the API: \(reason); trying again in \((probeAt - now).inWords), nothing is lost")
    case .held(_, _, let status, let reason):
      let advice = "put a valid token into api.token_file and reload; nothing is lost"
      logger.error("The API does not accept us (\(reason)): \(advice)", metadata: ["HTTP_STATUS": "\(status)"])
    }
  }

  private func fields(of key: WriteKey, attempt: Int? = nil, status: Int? = nil) -> Logger.Metadata {
    var fields: Logger.Metadata = ["PROGRESS_KEY": "\(key)", "PROGRESS_PROGRAM": "\(key.session.program)"]
    fields["PROGRESS_ATTEMPT"] = attempt.map { "\($0)" }
    fields["HTTP_STATUS"] = status.map { "\($0)" }
    return fields
  }
}
