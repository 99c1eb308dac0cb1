package import Testing

/// Waits for a condition; fails when it does not come true in a time that no machine is too slow for.
package func eventually(
  _ what: Comment? = nil, within limit: Duration = .seconds(180), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(20))
  }
}
