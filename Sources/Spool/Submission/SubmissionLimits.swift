/// How much people may hand over by socket, and how many of them at once: few enough that nobody takes the others' place.
package struct SubmissionLimits: Hashable, Sendable {
  /// In bytes.
  package var maximumFileSize: Int
  /// How many files of one sender may wait in `incoming/`.
  package var filesPerSender: Int
  /// Connections that are open at once.
  package var connections: Int
  /// Of them, for root and the daemon's own user only.
  package var reservedConnections: Int
  /// For one user who is neither.
  package var connectionsPerUser: Int
  /// How long a connection may be silent.
  package var idleTimeout: Duration

  package init(
    maximumFileSize: Int = 64 * 1024, filesPerSender: Int = 10_000, connections: Int = 64, reservedConnections: Int = 8,
    connectionsPerUser: Int = 16, idleTimeout: Duration = .seconds(30)
  ) {
    (self.maximumFileSize, self.filesPerSender, self.idleTimeout) = (maximumFileSize, filesPerSender, idleTimeout)
    (self.connections, self.reservedConnections, self.connectionsPerUser) = (connections, reservedConnections, connectionsPerUser)
  }

  /// How long nothing is counted, or taken in, after it turned out that there is no room for it.
  static let pause = Duration.seconds(1)
}
