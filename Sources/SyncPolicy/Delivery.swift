package import ProgressModel

/// A write that stands in the queue.
package struct QueuedWrite: Hashable, Sendable {
  /// The order of acceptance. A newer write of the same key has another one, so it also tells generations apart.
  package let sequence: Int64
  /// Fixed at acceptance, unique for ever: what idempotency keys are made of.
  package let id: String
  package let write: Write
  /// How often it failed.
  package let failures: Int
  /// Whether it must have a request of its own.
  package let isAlone: Bool

  package init(sequence: Int64, id: String, write: Write, failures: Int, isAlone: Bool) {
    (self.sequence, self.id, self.write, self.failures, self.isAlone) = (sequence, id, write, failures, isAlone)
  }
}

/// One request to make, and the writes that it carries.
package struct Delivery: Hashable, Sendable {
  package let call: ProgressCall
  /// At least one, all of one session.
  package let writes: [QueuedWrite]

  package var session: Session { call.session }
  package var isShared: Bool { writes.count > 1 }

  /// The value of the `Idempotency-Key` header: the same writes always give the same key, over restarts too,
  /// and others never do ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).
  package var idempotencyKey: String { writes.map(\.id).joined(separator: ".") }
}

extension Delivery {
  /// Makes the next request out of what is due for one session, in due order.
  ///
  /// A completion takes a rating and a date along when they were recorded within `window` of it: the API keeps one
  /// instant per request, so what was done at another time must not borrow it. Returns nil when nothing is due.
  package init?(of due: [QueuedWrite], window: Duration) {
    guard let first = due.first else { return nil }
    guard !first.isAlone, let completion = due.first(where: { $0.isSharedCompletion }),
      first.isCompanion(of: completion, window: window) || first == completion
    else {
      self.init(alone: first)
      return
    }
    let companions = due.filter { $0.isCompanion(of: completion, window: window) }
    self.init(completion, with: companions)
  }

  private init(alone write: QueuedWrite) {
    self.writes = [write]
    let change: ProgressCall.Change =
      switch write.write.value {
      case .done(let instant): .complete(at: instant, rating: nil, scheduled: nil)
      case .undone: .uncomplete
      case .rating(let rating): .intensity(rating)
      case .scheduled(let date): .schedule(date)
      case .exercise(let log): .exercise(log)
      }
    call = ProgressCall(session: write.write.session, change: change, recordedAt: write.write.recordedAt)
  }

  private init?(_ completion: QueuedWrite, with companions: [QueuedWrite]) {
    guard case .done(let instant) = completion.write.value else { return nil }
    var rating: IntensityRating?
    var scheduled: ScheduledDate?
    for companion in companions {
      switch companion.write.value {
      case .rating(let value): rating = value
      case .scheduled(let value): scheduled = value
      case .done, .undone, .exercise: break
      }
    }
    // By acceptance, so that a repeated request repeats its key whatever the due times have become.
    writes = ([completion] + companions).sorted { $0.sequence < $1.sequence }
    let recordedAt = writes.reduce(completion.write.recordedAt) { max($0, $1.write.recordedAt) }
    let change = ProgressCall.Change.complete(at: instant, rating: rating, scheduled: scheduled)
    call = ProgressCall(session: completion.write.session, change: change, recordedAt: recordedAt)
  }
}

extension QueuedWrite {
  fileprivate var isSharedCompletion: Bool {
    guard case .done = write.value else { return false }
    return !isAlone
  }

  fileprivate func isCompanion(of completion: QueuedWrite, window: Duration) -> Bool {
    switch write.value {
    case .rating, .scheduled:
      let distance = write.recordedAt - completion.write.recordedAt
      return !isAlone && distance <= window && distance >= .zero - window
    case .done, .undone, .exercise: return false
    }
  }
}
