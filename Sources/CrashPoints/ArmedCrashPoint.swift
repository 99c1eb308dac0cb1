#if DEBUG
  import Glibc
  import Synchronization

  /// The point at which this process ends, and how.
  final class ArmedCrashPoint: Sendable {
    enum End {
      case kill
      case hang
    }

    let point: CrashPoint
    let end: End
    /// How many times it has still to be passed.
    private let passes: Atomic<Int>

    static let variable = "PROGRESS_CRASH_POINT"
    /// Read when the first point is reached; nil when no test has armed any.
    static let fromEnvironment = getenv(variable).map { ArmedCrashPoint(String(cString: $0)) }

    /// Reads `NAME`, `NAME:3` or `NAME=hang`. Anything else ends the process: a test that arms nothing would prove nothing.
    private init(_ text: String) {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      let place = parts[0].split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 1 || (parts.count == 2 && parts[1] == "hang"), place.count <= 2,
        let point = CrashPoint(rawValue: String(place[0])), let number = place.count == 2 ? Int(place[1]) : 1, number >= 1
      else { fatalError("\(Self.variable)=\(text): must be NAME, NAME:NUMBER or NAME=hang, with one of \(CrashPoint.allCases)") }
      (self.point, end) = (point, parts.count == 2 ? .hang : .kill)
      passes = Atomic(number - 1)
    }

    /// Whether it is reached for the time that counts.
    func isDue() -> Bool { passes.wrappingSubtract(1, ordering: .relaxed).oldValue == 0 }
  }
#endif
