import CSystemd
import Glibc

/// Why the session bus, or who should answer on it, cannot be used. Nothing is wrong with a machine that has none.
package enum SessionBusError: Error, Hashable, CustomStringConvertible {
  /// There is no session bus to connect to.
  case noBus(reason: String)
  /// Nobody answered in time.
  case silent
  /// The answer was an error, such as that no program shows notices.
  case refused(name: String, message: String)

  /// The program is ending, and waits for no desktop.
  case givenUp

  package var description: String {
    switch self {
    case .givenUp: "given up, as the daemon is ending"
    case .noBus(let reason): "no session bus: \(reason)"
    case .silent: "the session bus does not answer"
    case .refused(let name, let message): "\(message) (\(name))"
    }
  }

  init(code: CInt, error: sd_bus_error) {
    guard let name = error.name.map({ String(cString: $0) }) else {
      self = code == -ETIMEDOUT ? .silent : .noBus(reason: String(cString: strerror(-code)))
      return
    }
    let isSilence = [SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT].contains(name)
    self = isSilence ? .silent : .refused(name: name, message: error.message.map { String(cString: $0) } ?? "refused")
  }
}
