import ProgressModel
import SyncPolicy

@testable import APIClient

/// A call that writes to a session of the program `p1`.
func call(_ change: SessionUpdate.Change = .uncomplete) -> ProgressCall {
  guard let program = ProgramID("p1"), let session = Session(program: program, week: 1, day: 3) else {
    preconditionFailure("not a session")
  }
  return .single(SessionUpdate(session: session, change: change, recordedAt: halfPastThree))
}

/// 2026-01-28T15:30:00Z
let halfPastThree = Timestamp(milliseconds: 1_769_614_200_000)

/// Runs `body` with a client that is shut down afterwards.
func withClient(_ settings: APIClientSettings, body: (APIClient) async throws -> Void) async throws {
  let client = try APIClient(settings, version: "1.2.3")
  let outcome: Result<Void, any Error>
  do {
    outcome = .success(try await body(client))
  } catch {
    outcome = .failure(error)
  }
  await client.shutdown()
  try outcome.get()
}

extension APIClientSettings {
  /// Settings for a server on this machine, with time enough for a machine under load, between two requests too.
  init(port: Int, scheme: String = "http", host: String = "127.0.0.1", timeout: Duration = .seconds(30)) throws {
    self.init(baseURL: try APIBaseURL("\(scheme)://\(host):\(port)"), requestTimeout: timeout)
    idleTimeout = .seconds(600)
  }
}

extension APIClient {
  /// Delivers without caring about the time or the key.
  func deliver(_ call: ProgressCall, for account: Account = .common) async -> DeliveryOutcome {
    await deliver(call, for: account, idempotencyKey: "key-1") { halfPastThree }
  }
}
