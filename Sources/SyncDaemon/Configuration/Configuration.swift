package import Logging
package import ProgressModel
package import SystemPackage

/// Everything that an operator can set, as checked, typed values.
///
/// The initial values of the properties are the built-in defaults of the system service in an empty environment; `ConfigurationKey.all`
/// gives each property its name in the file.
package struct Configuration: Hashable, Sendable {
  package var api = API()
  package var spool = Spool()
  package var state = State()
  package var limits = Limits()
  package var debounce = Debounce()
  package var retry = Retry()
  package var control = Control()
  package var metrics = Metrics()
  package var log = Log()
  package var notices = Notices()

  package init() {}

  /// How to reach the progress API.
  package struct API: Hashable, Sendable {
    /// `http` or `https`, a host, perhaps a port and a path; without a slash at the end, so that a call's path can follow.
    package var baseURL = "http://127.0.0.1:8000"
    package var tokenFile: FilePath?
    /// A directory with the tokens of users who have an account of their own, a file `token_NAME` for each.
    package var userTokens: FilePath?
    /// Over a network that everybody on the way can read.
    package var allowCleartextToken = false
    /// Certificates in PEM to trust instead of the system's.
    package var caFile: FilePath?
    package var timestamps = TimestampStyle.utc
    /// For the whole exchange, the answer's body included.
    package var requestTimeout = Duration.seconds(10)
    package var maxConcurrentRequests = 8
  }

  /// Where action files arrive.
  package struct Spool: Hashable, Sendable {
    package var directory = FilePath("/var/spool/progress-sync")
    package var socket = FilePath("/run/progress-sync/submit.sock")
    /// In bytes.
    package var maxFileSize = 65_536
    package var settleTime = Duration.milliseconds(500)
    package var rescanInterval = Duration.seconds(60)
  }

  /// Where the queue lives.
  package struct State: Hashable, Sendable {
    package var directory = FilePath("/var/lib/progress-sync")
  }

  /// What one user may have in the spool and the queue.
  package struct Limits: Hashable, Sendable {
    package var filesPerUser = 10_000
    package var keysPerUser = 1_000_000
    package var bytesPerUser = 256 << 20
  }

  /// How long a write waits for a newer one of its key.
  package struct Debounce: Hashable, Sendable {
    package var complete = Duration.milliseconds(500)
    package var intensity = Duration.milliseconds(500)
    package var schedule = Duration.milliseconds(500)
    package var exercise = Duration.seconds(2)
    /// After which a write is sent though newer ones keep coming; never shorter than one of the others.
    package var maxWait = Duration.seconds(5)
  }

  /// When a deferred write is tried again.
  package struct Retry: Hashable, Sendable {
    /// The waits before the first, second, … retry; never empty. After the last, a write is parked.
    package var backoff: [Duration] = [.seconds(1), .seconds(5), .seconds(15)]
    package var parkedInitial = Duration.seconds(60)
    /// Never shorter than `parkedInitial`.
    package var parkedMax = Duration.seconds(900)
    package var alsoStatuses: Set<Int> = []
  }

  /// Where `progressctl` finds the daemon.
  package struct Control: Hashable, Sendable {
    package var socket = FilePath("/run/progress-sync/control.sock")
    /// Who may connect besides root and the daemon's own user and group; nil for nobody.
    package var group: String? = "progress-sync-submit"
  }

  /// Where the daemon's numbers can be read besides the control socket.
  package struct Metrics: Hashable, Sendable {
    /// An HTTP listener with `/metrics` and nothing else; nil for none.
    package var listen: LoopbackAddress?
  }

  /// What is said.
  package struct Log: Hashable, Sendable {
    package var level = Logger.Level.info
  }

  /// How people are told that one of them is needed.
  package struct Notices: Hashable, Sendable {
    /// On the desktop, in a user's service; the journal has it anyway.
    package var desktop = true
  }
}
