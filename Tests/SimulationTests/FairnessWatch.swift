import ProgressModel
import SyncPolicy

/// Who is served before whom, as long as the API takes everything: each program has its turn, and what is fresh is not behind a backlog.
struct FairnessWatch {
  private struct Untried {
    let acceptedAt: Int
    let number: Int
    /// How many were fresh when it came.
    let rivals: Int
    var passedOver = 0
  }

  private let programs: Int
  private var untried: [WriteKey: Untried] = [:]
  /// What stands in the queue, tried or not.
  private var queued: Set<WriteKey> = []
  private var waits: [ProgramID: Int] = [:]
  /// Counts what becomes due: acceptances, and what a pause or a refused token has put off.
  private var arrivals = 0

  /// From when on a write is surely due, until when it is surely fresh, and from when on it is surely a backlog.
  private static let (due, stale, backlog) = (2_000, 9_000, 16_000)

  init(programs: Int) {
    self.programs = programs
  }

  mutating func note(accepted key: WriteKey, at instant: Int) {
    arrivals += 1
    // What replaces a write that waits takes its place, which is that of a backlog.
    guard queued.insert(key).inserted else { return }
    let rivals = untried.values.count { instant - $0.acceptedAt < Self.stale }
    untried[key] = Untried(acceptedAt: instant, number: arrivals, rivals: rivals)
  }

  mutating func note(delivered key: WriteKey) {
    queued.remove(key)
  }

  mutating func note(discarded key: WriteKey) {
    queued.remove(key)
    untried[key] = nil
  }

  /// A trouble changes who comes when; from now on it is counted anew. So many writes become due again with what comes now.
  mutating func forgive(puttingOff number: Int = 0) {
    arrivals += number
    waits = [:]
    for key in untried.keys { untried[key]?.passedOver = 0 }
  }

  /// The clock was set: of what is waiting it is not known when it is due.
  mutating func forget() {
    (untried, waits) = ([:], [:])
  }

  /// Returns the broken promise, if it is one.
  mutating func note(request delivery: Delivery, besides busy: Set<Session>, at instant: Int) -> String? {
    for write in delivery.writes { untried[write.write.key] = nil }
    // What a session has waiting goes one request after the other.
    for key in untried.keys where delivery.sessions.contains(key.session) { untried[key]?.passedOver = 0 }
    guard let program = delivery.sessions.first?.program else { return nil }
    waits[program] = nil
    let waiting = untried.filter {
      instant - $0.value.acceptedAt >= Self.due && !busy.contains($0.key.session) && !delivery.sessions.contains($0.key.session)
    }
    return noteWaits(of: Set(waiting.keys.map(\.session.program)), besides: program) ?? notePassing(of: waiting, at: instant)
  }

  private mutating func noteWaits(of waiting: Set<ProgramID>, besides program: ProgramID) -> String? {
    for other in waiting where other != program {
      let wait = waits[other, default: 0] + 1
      waits[other] = wait
      if wait > 2 * programs + 2 { return "program \(other) has no turn: \(wait) requests for others went before its own" }
    }
    return nil
  }

  private mutating func notePassing(of waiting: [WriteKey: Untried], at instant: Int) -> String? {
    guard waiting.values.contains(where: { instant - $0.acceptedAt >= Self.backlog }) else { return nil }
    for (key, write) in waiting where instant - write.acceptedAt <= Self.stale {
      untried[key]?.passedOver = write.passedOver + 1
      let rivals = write.rivals + arrivals - write.number
      if write.passedOver + 1 > 3 * rivals + 5 {
        return "\(key) is fresh and starves: \(write.passedOver + 1) requests went before it, with \(rivals) others as fresh"
      }
    }
    return nil
  }
}
