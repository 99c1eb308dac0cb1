import ControlProtocol
import ControlServer

/// A command that somebody waits for.
struct Ask: Sendable {
  let number: Int
  let command: ControlCommand
  let caller: Caller
}

/// What came of one.
typealias AskResult = Result<CommandReport, ControlRefusal>

/// Those who wait for the answers to their commands. Each is answered once, whatever happens to it or to the work loop.
struct Askers {
  /// How many commands may be still to do; each may take many turns of the work loop.
  static let limit = 64

  /// What the loop has still to do, whether somebody waits for it or not.
  private var open: Set<Int> = []
  private var waiting: [Int: CheckedContinuation<AskResult, Never>] = [:]
  private var lastNumber = 0
  /// Why nobody may ask any more.
  private var end: ControlRefusal?

  var hasEnded: Bool { end != nil }

  /// Numbers an ask, as long as somebody answers, and not too many are still to do.
  mutating func admit(_ command: ControlCommand, from caller: Caller) -> Result<Ask, ControlRefusal> {
    if let end { return .failure(end) }
    guard open.count < Self.limit else {
      return .failure(ControlRefusal(.unavailable, "\(Self.limit) commands wait to be done, and no more are taken: try again"))
    }
    lastNumber += 1
    open.insert(lastNumber)
    return .success(Ask(number: lastNumber, command: command, caller: caller))
  }

  mutating func wait(_ number: Int, _ continuation: CheckedContinuation<AskResult, Never>) {
    waiting[number] = continuation
  }

  /// Whoever waits under the number, to be resumed once the state is free; nothing is left to do.
  mutating func leave(_ number: Int) -> CheckedContinuation<AskResult, Never>? {
    open.remove(number)
    return abandon(number)
  }

  /// Whoever waits under the number, to be resumed once the state is free; the command is still to be done.
  mutating func abandon(_ number: Int) -> CheckedContinuation<AskResult, Never>? {
    waiting.removeValue(forKey: number)
  }

  /// Admits nobody any more.
  mutating func refuse(_ refusal: ControlRefusal) {
    end = refusal
  }

  /// All who wait, to be resumed once the state is free.
  mutating func leaveAll() -> [CheckedContinuation<AskResult, Never>] {
    defer { waiting = [:] }
    return Array(waiting.values)
  }
}
