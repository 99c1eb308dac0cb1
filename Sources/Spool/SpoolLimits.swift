/// What the reader takes, and for how long it waits.
package struct SpoolLimits: Hashable, Sendable {
  /// The size of the largest action file, in bytes, judged by `st_size`.
  package var maximumFileSize: Int
  /// For how long an incomplete file must be left unchanged before it is taken as it is.
  package var settleTime: Duration
  /// How many bytes of contents one batch holds before it ends early: this bounds memory, and the time of a turn, whatever is dropped. A few
  /// thousand actions, which are accepted within a second on a slow machine.
  package var batchBytes: Int

  package init(maximumFileSize: Int = 64 * 1024, settleTime: Duration = .milliseconds(500), batchBytes: Int = 256 * 1024) {
    (self.maximumFileSize, self.settleTime, self.batchBytes) = (maximumFileSize, settleTime, batchBytes)
  }

  /// How long a file may have two names: clients that link and then unlink have both for a moment.
  static let hardLinkGrace = Duration.seconds(2)
  /// How soon something that the system refused for the moment (a lease, a full disk) is tried again.
  static let retryTime = Duration.seconds(1)
  /// How many entries that are left alone are remembered, and so mentioned.
  static let mentions = 1_000
}
