package import SyncPolicy

/// What of the configuration the engine goes by; replaced as a whole on reload.
package struct EngineSettings: Hashable, Sendable {
  package var debounce: DebouncePolicy
  package var retry: RetryPolicy
  /// How many sessions may have a request under way at once.
  package var maximumConcurrentRequests: Int
  /// How often the spool is read without having been rung for.
  package var rescanInterval: Duration
  /// How many files share one transaction, and so one sync of the disk.
  package var filesPerBatch = 500

  package init(debounce: DebouncePolicy, retry: RetryPolicy, maximumConcurrentRequests: Int, rescanInterval: Duration) {
    (self.debounce, self.retry) = (debounce, retry)
    (self.maximumConcurrentRequests, self.rescanInterval) = (maximumConcurrentRequests, rescanInterval)
  }
}
