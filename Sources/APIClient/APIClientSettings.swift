package import ProgressModel
import SyncPolicy

/// What an API client needs to know; two equal settings make two clients that do the same.
package struct APIClientSettings: Hashable, Sendable {
  package var baseURL: APIBaseURL
  /// What the requests of the common account carry.
  package var token: BearerToken?
  /// What the requests of users carry who have an account of their own, by user id. Nobody's requests carry another one's.
  package var userTokens: [UInt32: UserToken] = [:]
  /// Whether tokens may travel over a network without TLS.
  package var allowsClearTextToken: Bool
  /// A PEM file with the certificate authorities to trust in place of the system's; read once, when the client is made.
  package var certificateAuthorityFile: String?
  package var timestamps: TimestampStyle
  /// The bound of a whole exchange: connecting, sending and the answer to its last byte.
  package var requestTimeout: Duration
  /// How many connections are open at most. A request beyond them waits for one, within its time.
  package var maximumConcurrentRequests: Int
  /// Statuses that this API uses for passing trouble, beside the usual ones.
  package var alsoRetry: Set<Int>

  /// How long a connection is kept that nobody uses. Less than the five seconds after which common servers (uvicorn, Node.js) close
  /// it: a request that crosses such a close on its way would be lost.
  package var idleTimeout = Duration.seconds(4)

  package init(
    baseURL: APIBaseURL, token: BearerToken? = nil, allowsClearTextToken: Bool = false, certificateAuthorityFile: String? = nil,
    timestamps: TimestampStyle = .utc, requestTimeout: Duration = .seconds(10), maximumConcurrentRequests: Int = 8, alsoRetry: Set<Int> = []
  ) {
    (self.baseURL, self.token, self.allowsClearTextToken) = (baseURL, token, allowsClearTextToken)
    self.certificateAuthorityFile = certificateAuthorityFile
    (self.timestamps, self.requestTimeout) = (timestamps, requestTimeout)
    (self.maximumConcurrentRequests, self.alsoRetry) = (maximumConcurrentRequests, alsoRetry)
  }
}

extension APIClientSettings {
  /// Whether everybody on the way to the API can read a token. What stays on this machine is on nobody's way.
  package var exposesToken: Bool {
    (token != nil || userTokens.values.contains { $0.token != nil }) && baseURL.scheme == .http && !baseURL.isLoopback
  }

  /// What a request of an account carries, nil for nothing; or why there can be no such request.
  func token(of account: Account) -> Result<BearerToken?, MissingToken> {
    switch account {
    case .common: .success(token)
    case .user(let user):
      switch userTokens[user] {
      case .usable(let token)?: .success(token)
      case .unusable(let reason)?: .failure(MissingToken(reason: reason))
      case nil: .failure(MissingToken(reason: "there is no token of user \(user)"))
      }
    }
  }
}

/// Why a request of a user cannot be made.
struct MissingToken: Error, Hashable {
  let reason: String
}
