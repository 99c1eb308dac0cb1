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
  /// How many sessions a request with this write may be about; 0: not even other writes of its own session travel with it.
  package let companyLimit: Int
  /// Whose token it goes out with.
  package let account: Account
  /// The user id of whoever dropped it.
  package let sender: UInt32
  /// nil for what a version accepted that did not keep it.
  package let droppedAt: Timestamp?

  /// The limit of a write that nothing is known against.
  package static let anyCompany = Int.max

  package init(
    sequence: Int64, id: String, write: Write, failures: Int, companyLimit: Int = anyCompany, account: Account = .common,
    sender: UInt32 = 0, droppedAt: Timestamp? = nil
  ) {
    (self.sequence, self.id, self.write, self.failures, self.companyLimit) = (sequence, id, write, failures, companyLimit)
    (self.account, self.sender, self.droppedAt) = (account, sender, droppedAt)
  }

  package var isAlone: Bool { companyLimit < 1 }
}

/// One request to make, and the writes that it carries.
package struct Delivery: Hashable, Sendable {
  package let call: ProgressCall
  /// Whose token it goes out with: that of all its writes.
  package let account: Account
  /// At least one; of a session, all that the request changes of it.
  package let writes: [QueuedWrite]

  /// The sessions that the request is about, none of them twice.
  package var sessions: [Session] { call.updates.map(\.session) }

  /// The value of the `Idempotency-Key` header: the same writes always give the same key, over restarts too,
  /// and others never do ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).
  package var idempotencyKey: String { writes.map(\.id).joined(separator: ".") }

  /// What travels together.
  package var company: Company {
    switch call {
    case .single: writes.count > 1 ? .session : .none
    case .bulkSync(_, let updates): .bulk(sessions: updates.count)
    }
  }
}

/// In whose company a write travelled, which tells whom else an answer may be about.
package enum Company: Hashable, Sendable {
  case none
  /// With other writes of its session.
  case session
  /// With other sessions.
  case bulk(sessions: Int)
}

extension Delivery {
  /// Makes the next request out of what is due for one session, in due order.
  ///
  /// All of it is of one account. A completion takes a rating and a date along when they were recorded within `window` of it: the API keeps one
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
    (account, writes) = (write.account, [write])
    let change: SessionUpdate.Change =
      switch write.write.value {
      case .done(let instant): .complete(at: instant, rating: nil, scheduled: nil)
      case .undone: .uncomplete
      case .rating(let rating): .intensity(rating)
      case .scheduled(let date): .schedule(date)
      case .exercise(let log): .exercise(log)
      }
    call = .single(SessionUpdate(session: write.write.session, change: change, recordedAt: write.write.recordedAt))
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
    account = completion.account
    writes = ([completion] + companions).sorted { $0.sequence < $1.sequence }
    let recordedAt = writes.reduce(completion.write.recordedAt) { max($0, $1.write.recordedAt) }
    let change = SessionUpdate.Change.complete(at: instant, rating: rating, scheduled: scheduled)
    call = .single(SessionUpdate(session: completion.write.session, change: change, recordedAt: recordedAt))
  }
}

extension Delivery {
  /// The most sessions of one bulk request. A larger one would save little: it fails, times out and repeats as a whole, and
  /// its idempotency key, which names every write, has to stay well below the 8 KiB that servers take for a header.
  package static let largestBulk = 50

  /// Whether it can be part of a bulk request, which takes completions only.
  package var isBulkable: Bool {
    guard case .single(let update) = call, case .complete = update.change else { return false }
    return companyLimit > 1
  }

  /// Joins requests of one account for different sessions of `program` into one: as many of those that can be part of it, from the first on, as all of
  /// them allow. Returns nil when fewer than two can.
  package init?(bulkOf parts: [Delivery], program: ProgramID) {
    var limit = Self.largestBulk
    var joined: [Delivery] = []
    for part in parts where part.isBulkable && joined.count < min(limit, part.companyLimit) {
      limit = min(limit, part.companyLimit)
      joined.append(part)
    }
    guard let first = joined.first, joined.count > 1 else { return nil }
    account = first.account
    // By acceptance, so that a repeated request repeats its body with its key whatever the due times have become.
    joined.sort { $0.oldest < $1.oldest }
    call = .bulkSync(program, joined.flatMap(\.call.updates))
    writes = joined.flatMap(\.writes).sorted { $0.sequence < $1.sequence }
  }

  private var oldest: Int64 { writes.reduce(.max) { min($0, $1.sequence) } }

  private var companyLimit: Int { writes.reduce(QueuedWrite.anyCompany) { min($0, $1.companyLimit) } }
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
