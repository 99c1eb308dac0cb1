import ProgressModel
import SyncPolicy

/// The progress API and the network before it: applies what arrives, in order of arrival, and answers as its mood is.
///
/// A request that its client has given up on, or that outlived its client, is applied then or never: what an old packet does hours
/// later, no client can prevent.
final class SimulatedAPI {
  enum Mood: CaseIterable {
    case healthy, slow, flaky, down, locked, forbidding, busy, broken, strict, foreign, deferring, denying, cutting, againstBulks
  }

  /// What comes back.
  enum Reply {
    case whole(HTTPAnswer)
    /// The beginning of a success; its end never comes.
    case cut
    case nothing
  }

  struct Exchange {
    let delivery: Delivery
    let receivedAt: Int
    /// In milliseconds of virtual time; nil when it is not applied.
    var appliesAt: Int?
    var answersAt: Int
    var answer: ScriptedAnswer
  }

  private(set) var mood = Mood.healthy
  /// Whose token it does not accept, whoever else's it does.
  var refused: Account?
  /// What the API will not take, whenever it comes.
  var doomed: [WriteValue: Clients.Doom] = [:]
  private let hazards: Hazards
  private let oracle: Oracle
  private let circumstances: Circumstances
  private var exchanges: [Exchange] = []
  /// Until when nobody may call.
  private(set) var silentUntil = 0

  static let timeout = 10_000
  /// The least that a client waits when it is asked to: its first backoff.
  private static let leastSilence = 1_000

  init(hazards: Hazards, oracle: Oracle, circumstances: Circumstances) {
    (self.hazards, self.oracle, self.circumstances) = (hazards, oracle, circumstances)
  }

  var underWay: [Delivery] { exchanges.map(\.delivery) }

  /// When something happens here next.
  var nextEvent: Int? {
    var next: Int?
    for exchange in exchanges { next = min(next ?? .max, exchange.appliesAt ?? .max, exchange.answersAt) }
    return next
  }

  func turn(_ mood: Mood, at instant: Int) {
    self.mood = mood
    oracle.storm.begin(mood, at: instant)
  }

  func receive(_ delivery: Delivery, at instant: Int) {
    oracle.expect(
      instant >= silentUntil, "\(delivery.call.path) is called \(silentUntil - instant) ms before the silence that was asked for is over")
    oracle.note(stormOf: delivery, at: instant, oldest: exchanges.map(\.receivedAt).min())
    let (isApplied, answer) = treatment(of: delivery)
    let answersAt = instant + (answer.comesLate && hazards.chance(0.5) ? Self.timeout : delay)
    let appliesAt = isApplied && doom(of: delivery) == nil ? hazards.number(instant...answersAt) : nil
    exchanges.append(Exchange(delivery: delivery, receivedAt: instant, appliesAt: appliesAt, answersAt: answersAt, answer: answer))
  }

  /// What has been answered by `instant`, when the clock of the machine shows `now`.
  func answers(until instant: Int, now: Timestamp) -> [(delivery: Delivery, reply: Reply)] {
    let due = exchanges.indices.filter { exchanges[$0].appliesAt.map { $0 <= instant } ?? false }
    for index in due.sorted(by: { (exchanges[$0].appliesAt ?? 0, $0) < (exchanges[$1].appliesAt ?? 0, $1) }) {
      oracle.note(applied: exchanges[index].delivery)
      exchanges[index].appliesAt = nil
    }
    let answered = exchanges.filter { $0.answersAt <= instant }
    guard !answered.isEmpty else { return [] }
    exchanges.removeAll { $0.answersAt <= instant }
    return answered.map { exchange in
      if let wait = exchange.answer.asksForSilence(now: now) { silentUntil = max(silentUntil, instant + max(Self.leastSilence, wait)) }
      return (exchange.delivery, exchange.answer.reply(now: now))
    }
  }

  /// The clients are gone: what they had under way is applied now or never.
  func loseClients() {
    for exchange in exchanges where exchange.appliesAt != nil && hazards.chance(0.5) { oracle.note(applied: exchange.delivery) }
    exchanges = []
  }

  /// The API starts again: what is under way gets no whole answer, and is applied before that or never.
  func restart(at instant: Int) {
    for index in exchanges.indices {
      exchanges[index].answer = hazards.pick([.cut, .nothing])
      exchanges[index].answersAt = instant + 1
      exchanges[index].appliesAt = exchanges[index].appliesAt.flatMap { _ in hazards.chance(0.5) ? instant : nil }
    }
  }

  /// Nobody is bound by a wish for silence for longer: the clock that it was measured by has changed, or whoever heard it is gone.
  func shortenSilence(to instant: Int = 0) {
    silentUntil = min(silentUntil, instant)
  }

  private var delay: Int {
    switch mood {
    case .slow: hazards.number(200...3_000)
    case .flaky: hazards.number(1...2_000)
    default: hazards.number(1...60)
    }
  }
}

extension SimulatedAPI {
  private typealias Treatment = (isApplied: Bool, answer: ScriptedAnswer)

  private func treatment(of delivery: Delivery) -> Treatment {
    if delivery.account == refused, [.healthy, .slow, .strict, .againstBulks, .flaky].contains(mood) { return (false, .refusal(401)) }
    return switch mood {
    case .healthy, .slow: usual(delivery)
    case .down: (false, .nothing)
    case .locked: (false, .refusal(401))
    case .forbidding: (false, .refusal(403))
    case .busy: (false, busyAnswer)
    case .broken: (hazards.chance(0.2), .refusal(hazards.pick([500, 500, 502])))
    case .strict: hazards.chance(0.5) ? (false, .refusal(hazards.pick([400, 409, 422]))) : usual(delivery)
    case .foreign: (false, hazards.chance(0.5) ? .refusal(404, "Not Found") : .success("<html>"))
    case .deferring: (false, .refusal(hazards.pick([408, 500, 503])))
    case .denying: (false, denial(of: delivery))
    case .cutting: (hazards.chance(0.5), .cut)
    case .againstBulks: delivery.sessions.count > 1 ? (false, .refusal(hazards.pick([400, 413, 422]))) : usual(delivery)
    case .flaky: flakyTreatment(of: delivery)
    }
  }

  private var busyAnswer: ScriptedAnswer {
    hazards.pick([
      .refusal(429), .refusal(hazards.pick([429, 503]), wish: .seconds(hazards.number(1...120))),
      .refusal(hazards.pick([429, 503]), wish: .date(hazards.number(1...90))),
    ])
  }

  private func flakyTreatment(of delivery: Delivery) -> Treatment {
    switch hazards.number(1...18) {
    case 1: (false, .nothing)
    case 2, 3: (true, hazards.pick([.cut, .nothing]))
    case 4: (true, .refusal(500))
    case 5: (false, .refusal(hazards.pick([408, 425, 429, 500, 502, 503])))
    case 6: (false, .refusal(hazards.pick([429, 503]), wish: .seconds(hazards.number(0...30))))
    case 7: (false, .refusal(hazards.pick([401, 403, 404, 405, 409, 422]), hazards.pick(["refused", "Not Found"])))
    case 8: (false, denial(of: delivery))
    case 9: (false, .cut)
    default: usual(delivery)
    }
  }

  /// What an API in good health does: a bulk is applied as a whole or not at all.
  private func usual(_ delivery: Delivery) -> Treatment {
    switch doom(of: delivery) {
    case .refused: return (false, .refusal(422, "not this one"))
    case .poisonous: return (false, .refusal(500))
    case .unanswered: return (false, .nothing)
    case nil: break
    }
    switch delivery.call {
    case .bulkSync where circumstances.lacksBulkSync: return (false, .refusal(404, "Not Found"))
    case .bulkSync(_, let updates) where updates.count > circumstances.largestBulk: return (false, .refusal(413))
    case .single(let update) where update.change == .uncomplete && !oracle.hasApplied(AccountSession(update.session, of: delivery.account)):
      return (true, .refusal(404, "No progress log found"))
    case .bulkSync(_, let updates): return (true, .success("{\"success\":true,\"synced_count\":\(updates.count)}"))
    case .single: return (true, .success("{\"success\":true}"))
    }
  }

  private func denial(of delivery: Delivery) -> ScriptedAnswer {
    .success(
      delivery.sessions.count > 1 && hazards.chance(0.5) ? "{\"synced_count\":\(delivery.sessions.count - 1)}" : "{\"success\":false}")
  }

  private func doom(of delivery: Delivery) -> Clients.Doom? {
    doomed.isEmpty ? nil : delivery.writes.lazy.compactMap { self.doomed[$0.write.value] }.first
  }
}
