import ControlProtocol
import ControlServer
import ProgressModel
import SyncStore
import SystemPackage

/// Looks into the queue beside the work loop, through connections of its own that only read.
///
/// Each look opens the file anew, so that it is the queue of that moment, also when a person has replaced it. One look at a time: however many
/// ask, they take no more than one of the threads that the work loop runs on.
actor QueueView {
  private let path: FilePath

  init(path: FilePath) {
    self.path = path
  }

  func look<Answer: Sendable>(_ question: @Sendable (SyncStore) throws -> Answer) throws -> Answer {
    try question(SyncStore.reading(path: path.string))
  }
}
