import ControlClient
import ControlProtocol
import Glibc
import Spool
import SyncDaemon
import SystemPackage
import Systemd

extension Service {
  /// How much of a refused file is shown, in bytes.
  private static let longestContents = 16 << 20

  /// What was refused, from the daemon, or, where none answers, from the directory; and what is to be said of that. Throws `Failure`.
  func rejectedFiles() async throws -> (files: [ControlProtocol.RejectedFile], remark: String) {
    do {
      return try await connected { client in
        var files: [ControlProtocol.RejectedFile] = []
        for try await file in try await client.socket.rejected() { files.append(file) }
        return (files, "")
      }
    } catch let error as ControlError where error.isWithoutDaemon {
      return try reading(insteadOf: error) {
        (try $0.list(of: nil).map { ControlProtocol.RejectedFile($0) }, " (\(error); this is from the directory)")
      }
    } catch let error as ControlError {
      throw Failure(error, of: self)
    }
  }

  /// Throws `Failure`.
  func contents(ofRejected name: String) async throws -> [UInt8] {
    guard let spoolName = SpoolName(escaped: name) else { throw Failure(noRejected: [name]) }
    do {
      return try await connected { try await $0.socket.contents(ofRejected: name) }
    } catch let error as ControlError where error.isWithoutDaemon {
      return try reading(insteadOf: error) { files in
        guard let contents = try files.contents(of: spoolName, of: nil, atMost: Self.longestContents) else {
          throw Failure(noRejected: [name], remark: aside)
        }
        return contents.bytes
      }
    } catch ControlError.refused(let refusal) where refusal.kind == .notFound {
      throw Failure(noRejected: [name], remark: aside)
    } catch ControlError.refused(let refusal) where refusal.kind == .conflict {
      throw Failure("\(refusal.error.singleLine) (\(self.name))", code: EX_DATAERR)
    } catch let error as ControlError {
      throw Failure(error, of: self)
    }
  }

  /// Whoever may enter the directory, the daemon's user and root, may see all that is in it.
  private func reading<Answer>(insteadOf error: ControlError, _ question: (RejectedFiles) throws -> Answer) throws -> Answer {
    do {
      return try question(RejectedFiles(root: configuration.spool.directory))
    } catch SpoolError.system(_, _, .permissionDenied) {
      throw Failure(error, of: self)
    } catch SpoolError.system(_, let path, .noSuchFileOrDirectory) {
      throw Failure("there is no \(path) yet; \(howToStart) (\(name))", code: EX_NOINPUT)
    } catch let problem as SpoolError {
      throw Failure("\(problem) (\(name))", code: EX_IOERR)
    } catch let problem as RejectedFileError {
      throw Failure("\(problem) (\(name))", code: EX_DATAERR)
    }
  }
}

extension ControlProtocol.RejectedFile {
  init(_ entry: RejectedEntry) {
    self.init(
      name: entry.name.description, reason: entry.reason ?? "no reason was kept", size: entry.size, rejectedAt: entry.rejectedAt,
      sender: entry.sender)
  }
}
