import APIClient
import CrashPoints
import ProgressModel
import SyncEngine
import SyncPolicy

/// Makes the requests of one configuration: each in a task of its own, its outcome rung back to the work loop.
///
/// A reload replaces the courier: the old one makes no new requests, finishes those under way, and then closes its connections.
struct Courier: Sendable {
  /// Tells couriers apart: answers of an older one say nothing of what the present one meets.
  typealias Number = Int

  let number: Number
  private let client: APIClient
  private let doorbell: Doorbell
  private let instruments: Instruments
  private let deliveries: AsyncStream<Delivery>
  private let queue: AsyncStream<Delivery>.Continuation

  init(_ number: Number, client: APIClient, doorbell: Doorbell, instruments: Instruments) {
    (self.number, self.client, self.doorbell, self.instruments) = (number, client, doorbell, instruments)
    (deliveries, queue) = AsyncStream.makeStream()
  }

  /// The API that it calls.
  var baseURL: APIBaseURL { client.baseURL }

  func start(_ delivery: Delivery) {
    queue.yield(delivery)
  }

  /// Takes no more; `run` returns when everything under way is answered.
  func retire() {
    queue.finish()
  }

  func run(now: @escaping @Sendable () -> Timestamp) async {
    await withDiscardingTaskGroup { group in
      for await delivery in deliveries {
        group.addTask {
          CrashPoint.sending.reach()
          let outcome = await instruments.request {
            await client.deliver(delivery.call, for: delivery.account, idempotencyKey: delivery.idempotencyKey, now: now)
          }
          CrashPoint.answered.reach()
          doorbell.ring { $0.answers.append((number, Answer(delivery, outcome))) }
        }
      }
    }
    await client.shutdown()
  }
}
