import CSpool
import Glibc
package import SystemPackage

/// The daemon's end of the submission socket: takes sealed memory from people who may write nowhere, and puts it into `incoming/` as theirs.
///
/// Runs on one thread, which `serve` keeps until it is told to stop. Each round takes one packet at most of everybody who has sent one, stores
/// them, syncs the directory once, and answers; so nobody keeps others waiting by sending much, and a client that is slow or silent costs
/// a slot for a while and nothing else. Contents are not looked at: acceptance and rejection are the reader's, as for every file.
package final class SubmissionServer {
  /// Listens, for SOCK_SEQPACKET; belongs to whoever has made it.
  private let listener: CInt
  private let currentLimits: () -> SubmissionLimits
  /// Of this round.
  private var limits: SubmissionLimits
  private let slots = SubmissionSlots()
  private var files: EntrustedFiles
  private var connections: [SubmissionConnection] = []
  /// While the system has no descriptor for one more client: they wait in the kernel's queue.
  private var isDeafUntil: ContinuousClock.Instant?
  /// Called when nobody can be let in, once until somebody is.
  private let onTrouble: (String) -> Void
  private var isInTrouble = false

  /// - Parameters:
  ///   - listener: Stays open when the server ends.
  ///   - root: The spool's directory; what is missing in it is made, where it is this user's.
  ///   - limits: Asked in each round.
  ///   - onTrouble: Told, in a clause, why nobody can connect; once until somebody can again.
  package init(
    listener: CInt, root: FilePath, limits: @escaping () -> SubmissionLimits, onTrouble: @escaping (String) -> Void = { _ in }
  ) {
    (self.listener, currentLimits, self.limits, self.onTrouble) = (listener, limits, limits(), onTrouble)
    // The first submission may come before the first scan. What cannot be made is missed, and said, by the reader.
    _ = try? SpoolDirectories(root: root)
    files = EntrustedFiles(incoming: root.appending("incoming"), filesPerSender: self.limits.filesPerSender)
    // One that systemd has made may wait for a client that has gone again.
    _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK)
  }

  /// Serves until `bell` rings; whoever has been told nothing by then has handed nothing over, unless the disk failed.
  package func serve(until bell: StopBell) {
    while !bell.hasRung {
      let ready = wait(for: bell)
      limits = currentLimits()
      files.filesPerSender = limits.filesPerSender
      serve(connections.filter { ready.contains($0.number) })
      let now = ContinuousClock.now
      for connection in connections where now - connection.lastHeard >= limits.idleTimeout { connection.isOver = true }
      connections.removeAll(where: \.isOver)
      if ready.contains(listener) { admit() }
    }
    connections = []
  }

  /// The descriptors on which something has happened.
  private func wait(for bell: StopBell) -> Set<CInt> {
    let now = ContinuousClock.now
    if let until = isDeafUntil, until <= now { isDeafUntil = nil }
    var watched = ([bell.number] + (isDeafUntil == nil ? [listener] : []) + connections.map(\.number))
      .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let due = (connections.map { $0.lastHeard + limits.idleTimeout } + [isDeafUntil].compactMap { $0 }).min()
    // Rounded up: a moment too early would only be a round for nothing.
    let patience = due.map { CInt(clamping: max(0, (now.duration(to: $0) / Duration.milliseconds(1)).rounded(.up).clampedToInt)) } ?? -1
    guard poll(&watched, nfds_t(watched.count), patience) > 0 else { return [] }
    return Set(watched.filter { $0.revents != 0 }.map(\.fd))
  }

  private func serve(_ ready: [SubmissionConnection]) {
    var senders: [SubmissionConnection] = []
    var batch: [Submission] = []
    for connection in ready {
      do throws(SubmissionRefusal) {
        guard let submission = try connection.receive(limit: limits.maximumFileSize) else { continue }
        senders.append(connection)
        batch.append(submission)
      } catch {
        connection.tell(.refused(error))
        if error.kind == .malformed { connection.isOver = true }
      }
    }
    for (sender, outcome) in zip(senders, files.store(batch)) {
      switch outcome {
      case .stored(let name): sender.tell(.accepted(name))
      case .refused(let refusal): sender.tell(.refused(refusal))
      case .unknown: sender.isOver = true
      }
    }
  }

  /// Lets in who waits, as many as may be connected: the rest is told so, or has its turn in the next round.
  private func admit() {
    for _ in 0..<limits.connections {
      let socket: Descriptor
      do throws(Errno) {
        let listener = listener
        socket = try Descriptor { cspool_accept(listener) }
      } catch {
        // One that has gone again is no trouble.
        if ![.resourceTemporarilyUnavailable, .connectionAbort].contains(error) { pause(for: error) }
        return
      }
      isInTrouble = false
      var user: UInt32 = 0
      guard cspool_peer(socket.number, &user) == 0 else { continue }
      if let refusal = slots.admit(user, within: limits) {
        SubmissionConnection.tell(.refused(refusal), to: socket.number)
        continue
      }
      let connection = SubmissionConnection(socket, of: user, in: slots)
      connection.tell(.ready(maximumFileSize: limits.maximumFileSize))
      if !connection.isOver { connections.append(connection) }
    }
  }

  private func pause(for code: Errno) {
    isDeafUntil = .now + SubmissionLimits.pause
    if !isInTrouble { onTrouble("nobody can be let in at present: \(code)") }
    isInTrouble = true
  }
}

extension Double {
  fileprivate var clampedToInt: Int { Int(Swift.min(self, 1e9)) }
}
