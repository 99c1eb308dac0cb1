/// Keeps the tests that set the machine's clock apart from those that count what a daemon does: every daemon on the machine hears of it, and tries its API
/// again.
package actor ClockPeace {
  private static let ofThisMachine = ClockPeace()

  private var keepers = 0
  private var isBroken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Runs `body` while no other test sets the clock.
  package static func kept<Result>(_ body: () async throws -> Result) async throws -> Result {
    await ofThisMachine.begin(breaking: false)
    do {
      let result = try await body()
      await ofThisMachine.end(breaking: false)
      return result
    } catch {
      await ofThisMachine.end(breaking: false)
      throw error
    }
  }

  /// Runs `body`, which sets the clock, while nobody minds.
  package static func broken(_ body: () async throws -> Void) async throws {
    await ofThisMachine.begin(breaking: true)
    do {
      try await body()
      await ofThisMachine.end(breaking: true)
    } catch {
      await ofThisMachine.end(breaking: true)
      throw error
    }
  }

  private func begin(breaking: Bool) async {
    while isBroken || (breaking && keepers > 0) {
      await withCheckedContinuation { waiting.append($0) }
    }
    if breaking { isBroken = true } else { keepers += 1 }
  }

  private func end(breaking: Bool) {
    if breaking { isBroken = false } else { keepers -= 1 }
    for waiter in waiting { waiter.resume() }
    waiting = []
  }
}
