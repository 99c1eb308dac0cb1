import ControlProtocol
import Glibc
import ProgressModel
import Systemd

extension LiveEvent {
  /// The event for people, on one line: when, what, which key unless the words name it, and the words.
  ///
  /// - Parameter time: The time of day, as it shall be shown.
  func line(time: String, style: TextStyle) -> String {
    let name = kind.rawValue
    let kind = style.paint(name, kind.colour) + String(repeating: " ", count: Self.longestKind - name.count)
    let words = text.singleLine
    let subject = key?.singleLine
    return [time, kind, subject.flatMap { words.contains($0) ? nil : $0 }, words].compactMap { $0 }.joined(separator: "  ") + "\n"
  }

  private static let longestKind = Kind.allCases.map(\.rawValue.count).max() ?? 0
}

extension LiveEvent.Kind {
  fileprivate var colour: TextStyle.Colour? {
    switch self {
    case .synced, .released, .resumed: .green
    case .retrying, .parked, .superseded, .paused, .lost: .yellow
    case .failed, .rejected, .discarded, .held, .unreachable, .storage: .red
    case .accepted, .sent: nil
    }
  }
}

extension Timestamp {
  /// `HH:MM:SS` of the machine's own zone: what the clock on the reader's wall showed.
  var timeOfDay: String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
