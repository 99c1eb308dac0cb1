package import ControlProtocol

/// What `progressctl` asks of a daemon: over the control socket where one answers, from the daemon's files otherwise.
package struct ControlClient: Sendable {
  package let socket: SocketClient
  package let files: DaemonFiles

  package init(socket: SocketClient, files: DaemonFiles) {
    (self.socket, self.files) = (socket, files)
  }

  /// Who gave an answer.
  package enum Source: Hashable, Sendable {
    case daemon
    /// Its files, because it could not be asked.
    case files(because: ControlError)
  }

  /// How things stand; from the files just the counts. Throws `ControlError`, `CancellationError`.
  package func status() async throws -> (report: StatusReport, source: Source) {
    do {
      return (try await socket.status(), .daemon)
    } catch let error as ControlError where error.isWithoutDaemon {
      return (try reading(insteadOf: error) { files throws(ControlError) in try files.status() }, .files(because: error))
    }
  }

  /// The entries that the caller may see and the filter lets through, in the order of acceptance.
  ///
  /// Throws `ControlError`, `CancellationError`.
  package func queue(_ filter: QueueFilter = QueueFilter()) async throws -> (items: [QueueItem], source: Source) {
    do {
      var items: [QueueItem] = []
      for try await item in try await socket.queue(filter) { items.append(item) }
      return (items, .daemon)
    } catch let error as ControlError where error.isWithoutDaemon {
      return (try reading(insteadOf: error) { files throws(ControlError) in try files.queue(filter) }, .files(because: error))
    }
  }

  /// Gives the same to `take`, one by one, as they are read: a long queue takes no memory, and is not one moment's.
  ///
  /// Throws `ControlError`, `CancellationError`, and what `take` throws.
  package func eachEntry(_ filter: QueueFilter = QueueFilter(), _ take: (QueueItem) throws -> Void) async throws -> Source {
    let entries: JSONLines<QueueItem>
    do {
      entries = try await socket.queue(filter)
    } catch let error as ControlError where error.isWithoutDaemon {
      do {
        try files.eachEntry(filter, take)
      } catch ControlError.notPermitted {
        throw error
      }
      return .files(because: error)
    }
    for try await entry in entries { try take(entry) }
    return .daemon
  }

  /// Of two reasons for not knowing it throws the one that has a way out for whoever asks.
  private func reading<Answer>(
    insteadOf error: ControlError, _ question: (DaemonFiles) throws(ControlError) -> Answer
  ) throws(ControlError) -> Answer {
    do {
      return try question(files)
    } catch .notPermitted {
      throw error
    }
  }
}
