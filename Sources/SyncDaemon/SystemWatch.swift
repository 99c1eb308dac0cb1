import Logging
import SystemEvents
import Systemd

/// Rings the work loop at the kernel's notices that make another try at the API worth while.
struct SystemWatch: Sendable {
  let doorbell: Doorbell
  private let network: NetworkWatch?
  private let clock: ClockWatch?

  /// The name of the socket that progress-syncd-network.socket passes.
  private static let socketName = "network"

  /// Watches what it can, and says what it cannot.
  init(doorbell: Doorbell, logger: Logger) {
    self.doorbell = doorbell
    do throws(SystemEventError) {
      let passed = PassedSocket.all.first { $0.name == Self.socketName && $0.isNetlink }
      network = if let passed { try NetworkWatch(sharing: passed.descriptor) } else { try NetworkWatch() }
    } catch {
      let words = "\(error); after an outage the API is tried at the usual times only (see progress-syncd-network.socket)"
      logger.say(.networkUnwatched, words, [.reason: "\(error)"])
      network = nil
    }
    do throws(SystemEventError) {
      clock = try ClockWatch()
    } catch {
      logger.say(.clockUnwatched, "\(error); a change of the time is noticed at the next turn only", [.reason: "\(error)"])
      clock = nil
    }
  }

  /// Rings until it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      if let network {
        group.addTask { for await _ in network.rings { doorbell.ring { $0.wakeUps.insert(.network) } } }
      }
      if let clock {
        group.addTask { for await _ in clock.rings { doorbell.ring { $0.wakeUps.insert(.clock) } } }
      }
    }
  }
}
