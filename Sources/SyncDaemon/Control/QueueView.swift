import ControlProtocol
import ControlServer
import ProgressModel
import SyncStore
import SystemPackage

/// Looks into the queue beside the work loop, through connections of its own that only read.
///
/// Each look opens the file anew, so that it is the queue of that moment, also when a person has replaced it.
struct QueueView: Sendable {
  let path: FilePath
  let desk: FileDesk

  func look<Answer: Sendable>(_ question: @Sendable (SyncStore) throws -> Answer) async throws -> Answer {
    try await desk.run { try question(SyncStore.reading(path: path.string)) }
  }
}
