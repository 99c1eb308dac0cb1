import Logging
import Systemd

/// Puts notices on the desktop of the person whose daemon it is, one for each subject; in a task of its own, so that a desktop that is slow, or
/// not there, keeps nobody waiting.
struct NoticeBoard: Sendable {
  private enum Order: Sendable {
    case show(DesktopNotice, Incident.Subject)
    case close(Incident.Subject)
    case closeAll
  }

  private let orders: AsyncStream<Order>
  private let queue: AsyncStream<Order>.Continuation
  private let logger: Logger

  init(logger: Logger) {
    (orders, queue) = AsyncStream.makeStream()
    self.logger = logger
  }

  /// Shows a notice in the place of the one of its subject that may be there.
  func show(_ notice: DesktopNotice, of subject: Incident.Subject) {
    queue.yield(.show(notice, subject))
  }

  func close(_ subject: Incident.Subject) {
    queue.yield(.close(subject))
  }

  func closeAll() {
    queue.yield(.closeAll)
  }

  /// Does so until it is cancelled; then takes away what is shown, since nobody would when its cause ends.
  func run() async {
    let desktop = DesktopNotifications()
    var shown: [Incident.Subject: UInt32] = [:]
    for await order in orders {
      switch order {
      case .show(let notice, let subject):
        do throws(SessionBusError) {
          shown[subject] = try await desktop.show(notice, inPlaceOf: shown[subject])
        } catch .givenUp {
          shown = [:]
        } catch {
          shown = [:]
          logger.say(.noticeFailed, "No notice on the desktop: \(error)", [.reason: "\(error)"])
        }
      case .close(let subject):
        if let number = shown.removeValue(forKey: subject) { await desktop.close(number) }
      case .closeAll:
        for number in shown.values { await desktop.close(number) }
        shown = [:]
      }
    }
    for number in shown.values { await desktop.close(number) }
  }
}
