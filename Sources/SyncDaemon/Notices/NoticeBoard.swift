import Logging
import Systemd

/// Puts notices on the desktop of the person whose daemon it is, one for each kind of incident; in a task of its own, so that a desktop that
/// is slow, or not there, keeps nobody waiting.
struct NoticeBoard: Sendable {
  private enum Order: Sendable {
    case show(DesktopNotice, Incident.Kind)
    case close(Incident.Kind)
  }

  private let orders: AsyncStream<Order>
  private let queue: AsyncStream<Order>.Continuation
  private let logger: Logger

  init(logger: Logger) {
    (orders, queue) = AsyncStream.makeStream()
    self.logger = logger
  }

  /// Shows a notice in the place of the one of its kind that may be there.
  func show(_ notice: DesktopNotice, of kind: Incident.Kind) {
    queue.yield(.show(notice, kind))
  }

  func close(_ kind: Incident.Kind) {
    queue.yield(.close(kind))
  }

  /// Does so until it is cancelled; then takes away what is shown, since nobody would when its cause ends.
  func run() async {
    let desktop = DesktopNotifications()
    var shown: [Incident.Kind: UInt32] = [:]
    for await order in orders {
      switch order {
      case .show(let notice, let kind):
        do throws(SessionBusError) {
          shown[kind] = try await desktop.show(notice, inPlaceOf: shown[kind])
        } catch .givenUp {
          shown = [:]
        } catch {
          shown = [:]
          logger.say(.noticeFailed, "No notice on the desktop: \(error)", [.reason: "\(error)"])
        }
      case .close(let kind):
        if let number = shown.removeValue(forKey: kind) { await desktop.close(number) }
      }
    }
    for number in shown.values { await desktop.close(number) }
  }
}
