import ProgressModel
import SyncPolicy

/// The progress API and the network before it: applies what arrives, in order of arrival, and answers as its mood is.
///
/// A request that its client has given up on, or that outlived its client, is applied then or never: what an old packet does hours
/// later, no client can prevent.
final class SimulatedAPI {
  enum Mood: CaseIterable {
    case healthy, slow, flaky, down, locked, busy, broken, strict, foreign
  }

  private struct Exchange {
    let delivery: Delivery
    /// In milliseconds of virtual time; nil when it is not applied.
    var appliesAt: Int?
    let answersAt: Int
    /// nil when none comes.
    let answer: HTTPAnswer?
  }

  var mood = Mood.healthy
  private let hazards: Hazards
  private let oracle: Oracle
  private var exchanges: [Exchange] = []
  /// Until when nobody may call.
  private(set) var silentUntil = 0

  private static let timeout = 10_000

  init(hazards: Hazards, oracle: Oracle) {
    (self.hazards, self.oracle) = (hazards, oracle)
  }

  var underWay: [Delivery] { exchanges.map(\.delivery) }

  /// When something happens here next.
  var nextEvent: Int? { exchanges.map { min($0.appliesAt ?? $0.answersAt, $0.answersAt) }.min() }

  func receive(_ delivery: Delivery, at instant: Int) {
    oracle.expect(instant >= silentUntil, "\(delivery.call.path) is called \(silentUntil - instant) ms before a Retry-After is over")
    let treatment = treatment(of: delivery)
    let answersAt = instant + (treatment.answer == nil && hazards.chance(0.5) ? Self.timeout : delay)
    let appliesAt = treatment.isApplied ? hazards.number(instant...answersAt) : nil
    exchanges.append(Exchange(delivery: delivery, appliesAt: appliesAt, answersAt: answersAt, answer: treatment.answer))
  }

  /// What has been answered by `instant`.
  func answers(until instant: Int) -> [(delivery: Delivery, answer: HTTPAnswer?)] {
    let due = exchanges.indices.filter { exchanges[$0].appliesAt.map { $0 <= instant } ?? false }
    for index in due.sorted(by: { (exchanges[$0].appliesAt ?? 0, $0) < (exchanges[$1].appliesAt ?? 0, $1) }) {
      oracle.note(applied: exchanges[index].delivery)
      exchanges[index].appliesAt = nil
    }
    let answered = exchanges.filter { $0.answersAt <= instant }
    exchanges.removeAll { $0.answersAt <= instant }
    for exchange in answered {
      if let seconds = exchange.answer?.retryAfter.flatMap({ Int($0) }) { silentUntil = max(silentUntil, instant + seconds * 1000) }
    }
    return answered.map { ($0.delivery, $0.answer) }
  }

  /// The clients are gone: what they had under way is applied now or never.
  func loseClients() {
    for exchange in exchanges where exchange.appliesAt != nil && hazards.chance(0.5) { oracle.note(applied: exchange.delivery) }
    exchanges = []
  }

  /// Nobody is bound by a Retry-After for longer: the clock that it was measured by has changed, or whoever heard it is gone.
  func shortenSilence(to instant: Int = 0) {
    silentUntil = min(silentUntil, instant)
  }

  private var delay: Int {
    switch mood {
    case .slow: hazards.number(200...Self.timeout)
    case .flaky: hazards.number(1...2_000)
    default: hazards.number(1...60)
    }
  }

  private typealias Treatment = (isApplied: Bool, answer: HTTPAnswer?)

  private func treatment(of delivery: Delivery) -> Treatment {
    switch mood {
    case .healthy, .slow: success(of: delivery)
    case .down: (false, nil)
    case .locked: (false, refusal(hazards.pick([401, 403])))
    case .busy: (false, refusal(hazards.pick([429, 503]), retryAfter: hazards.number(1...120)))
    case .broken: (hazards.chance(0.2), refusal(hazards.pick([500, 500, 502])))
    case .strict: hazards.chance(0.5) ? (false, refusal(hazards.pick([400, 409, 422]))) : success(of: delivery)
    case .foreign: (false, hazards.chance(0.5) ? refusal(404, "Not Found") : HTTPAnswer(status: 200, body: Array("<html>".utf8)))
    case .flaky: flakyTreatment(of: delivery)
    }
  }

  private func flakyTreatment(of delivery: Delivery) -> Treatment {
    switch hazards.number(1...16) {
    case 1: (false, nil)
    case 2, 3: (true, nil)
    case 4: (true, refusal(500))
    case 5: (false, refusal(hazards.pick([408, 425, 429, 500, 502, 503])))
    case 6: (false, refusal(hazards.pick([429, 503]), retryAfter: hazards.number(0...30)))
    case 7: (false, refusal(hazards.pick([401, 403, 404, 405, 409, 422]), hazards.pick(["refused", "Not Found"])))
    default: success(of: delivery)
    }
  }

  private func success(of delivery: Delivery) -> Treatment {
    if case .single(let update) = delivery.call, update.change == .uncomplete, !oracle.hasApplied(update.session) {
      return (true, refusal(404, "No progress log found"))
    }
    return (true, HTTPAnswer(status: 200, body: Array("{}".utf8), contentType: "application/json"))
  }

  private func refusal(_ status: Int, _ detail: String = "refused", retryAfter: Int? = nil) -> HTTPAnswer {
    HTTPAnswer(
      status: status, body: Array("{\"detail\":\"\(detail)\"}".utf8), contentType: "application/json",
      retryAfter: retryAfter.map(String.init))
  }
}
