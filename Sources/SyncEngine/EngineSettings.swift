package import SyncPolicy

/// What of the configuration the engine goes by; replaced as a whole on reload.
package struct EngineSettings: Hashable, Sendable {
  package var debounce: DebouncePolicy
  package var retry: RetryPolicy
  /// How many sessions may have a request under way at once.
  package var maximumConcurrentRequests: Int
  /// The users who have tokens of their own: what they drop goes out with theirs, and what everybody else drops with the common one.
  package var accounts: Set<UInt32> = []
  /// Why the tokens of some of them cannot be used: nothing goes out for them meanwhile.
  package var unusableTokens: [UInt32: String] = [:]
  /// How often the spool is read without having been rung for.
  package var rescanInterval: Duration
  /// What one sender may have.
  package var bounds = SenderBounds()
  /// How many files share one transaction, and so one sync of the disk.
  package var filesPerBatch = 500

  package init(debounce: DebouncePolicy, retry: RetryPolicy, maximumConcurrentRequests: Int, rescanInterval: Duration) {
    (self.debounce, self.retry) = (debounce, retry)
    (self.maximumConcurrentRequests, self.rescanInterval) = (maximumConcurrentRequests, rescanInterval)
  }

  /// Whose token what `sender` drops now goes out with.
  ///
  /// As long as anything is left in his own account, that is his own, also without a token: sent with the common one, a newer value would be
  /// overtaken by an older one of his as soon as there is a token again, and what he takes for his own would become everybody's.
  ///
  /// - Parameter entries: How many rows each account has in the queue.
  package func account(of sender: UInt32, entries: [Account: Int]) -> Account {
    accounts.contains(sender) || entries[.user(sender)] != nil ? .user(sender) : .common
  }

  /// What there is of its token.
  package func token(of account: Account) -> TokenPresence {
    guard case .user(let id) = account else { return .usable }
    guard accounts.contains(id) else { return .absent }
    return unusableTokens[id].map { .unusable(reason: $0) } ?? .usable
  }
}
