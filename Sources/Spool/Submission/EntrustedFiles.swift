import CrashPoints
import SystemPackage

/// Puts files into `incoming/` on behalf of those who hand them over, each under a name that carries its sender (`Provenance`).
///
/// The directory is opened for each batch, so that one that was replaced is the one that is written to.
struct EntrustedFiles {
  private let incoming: FilePath
  var filesPerSender: Int
  /// How many files of each sender there are at most: those that were counted, and those that came since.
  private var waiting: [UInt32: Int] = [:]
  private var countedAt: ContinuousClock.Instant?

  init(incoming: FilePath, filesPerSender: Int) {
    (self.incoming, self.filesPerSender) = (incoming, filesPerSender)
  }

  enum Outcome {
    /// Durable, under the name that people see.
    case stored(SpoolName)
    case refused(SubmissionRefusal)
    /// It is in `incoming/`, though a power cut might take it back: neither answer would be true.
    case unknown
  }

  /// Stores each of a batch, in its order; when this returns, what is stored survives a power cut.
  mutating func store(_ batch: [Submission]) -> [Outcome] {
    guard !batch.isEmpty else { return [] }
    do throws(Errno) {
      let directory = try Directory(incoming)
      var outcomes = batch.map { store($0, in: directory) }
      CrashPoint.entrusted.reach()
      let isDurable = (try? directory.sync()) != nil
      for index in outcomes.indices where !isDurable {
        if case .stored = outcomes[index] { outcomes[index] = .unknown }
      }
      return outcomes
    } catch {
      let refusal = Self.refusal(of: error, incoming)
      return batch.map { _ in .refused(refusal) }
    }
  }

  private mutating func store(_ submission: Submission, in directory: borrowing Directory) -> Outcome {
    guard hasRoom(for: submission.sender, in: directory) else {
      let reason = "\(filesPerSender) files of yours wait already, and no more are allowed; try again when the daemon has accepted some"
      return .refused(SubmissionRefusal(.wait, reason))
    }
    let name = Provenance(sender: submission.sender, name: submission.name).entrusted
    guard name.isActionFile else {
      return .refused(SubmissionRefusal(.wait, "\(submission.name) is too long a name for what is handed over; put it into \(incoming)"))
    }
    do throws(Errno) {
      _ = try SpoolWriter.write(submission.contents, as: name, into: directory)
    } catch .fileExists {
      if let refusal = obstacle(to: submission, as: name, in: directory) { return .refused(refusal) }
    } catch {
      return .refused(Self.refusal(of: error, incoming))
    }
    waiting[submission.sender, default: 0] += 1
    return .stored(submission.name)
  }

  /// Why a name that is taken cannot be had; nil when the same file has it: whoever has not heard the answer repeats it.
  private func obstacle(to submission: Submission, as name: SpoolName, in directory: borrowing Directory) -> SubmissionRefusal? {
    // Members of the group can make any name here. What is not the daemon's own is its maker's, whatever it is called.
    if let status = try? directory.status(of: name), Provenance(of: name, status).name != name {
      switch directory.readSafely(name, limit: submission.contents.count) {
      case .contents(submission.contents, _): return nil
      case .contents, .refused:
        return SubmissionRefusal(.taken, "\(submission.name) already waits, with other contents; use another name")
      // It is gone by now, or nobody can say at present what is in it.
      case .changed, .busy, .exhausted, .gone: break
      }
    }
    return SubmissionRefusal(.wait, "an entry of \(incoming) is in the way of \(submission.name); use another name, or try again")
  }

  private static func refusal(of code: Errno, _ incoming: FilePath) -> SubmissionRefusal {
    SubmissionRefusal(.wait, "the daemon \(SpoolWriteError.system(doing: "write into", path: incoming, code: code))")
  }

  /// Counts only when there might be no room, and not all the time then.
  private mutating func hasRoom(for sender: UInt32, in directory: borrowing Directory) -> Bool {
    if countedAt == nil || waiting[sender, default: 0] >= filesPerSender { count(in: directory) }
    return waiting[sender, default: 0] < filesPerSender
  }

  private mutating func count(in directory: borrowing Directory) {
    let now = ContinuousClock.now
    guard countedAt.map({ now - $0 >= SubmissionLimits.pause }) ?? true else { return }
    countedAt = now
    // A directory that cannot be read can hardly be written to either.
    guard let names = try? directory.names() else { return }
    waiting = [:]
    for name in names where Provenance(entrusted: name) != nil {
      // What is gone by now waits no more; another's file of such a name speaks for nobody.
      guard let status = try? directory.status(of: name) else { continue }
      let provenance = Provenance(of: name, status)
      if provenance.name != name { waiting[provenance.sender, default: 0] += 1 }
    }
  }
}
