import ProgressModel
import Spool
import TestSupport

/// The three directories of a spool on a disk that can lose power.
///
/// Renames and unlinks that were not synced are taken back by a power cut, the latest first: journals keep the order of what they record.
final class SpoolDisk {
  enum Place: Hashable {
    case incoming
    case claimed(Claim)
    case rejected
    case gone
  }

  struct Claim: Hashable {
    let id: ClaimID
    /// The name of a claim carries it.
    let droppedAt: Timestamp
  }

  struct File {
    let name: SpoolName
    let contents: [UInt8]
    /// By the clock of the machine, which may be wrong.
    let modified: Timestamp
    let sender: UInt32
    var place = Place.incoming
  }

  typealias Number = Int

  private(set) var files: [File] = []
  /// Files that are not gone, so that a look at the disk does not grow with its history.
  private var present: [Number] = []
  private var unsynced: [(file: Number, before: Place)] = []
  private var claimsMade = 0

  /// Puts a whole file into `incoming/`, durably, as clients do.
  func drop(_ contents: [UInt8], sender: UInt32, now: Timestamp) -> Number {
    let digits = String(files.count)
    let name = SpoolName("drop-" + String(repeating: "0", count: 6 - digits.count) + digits + ".json")
    files.append(File(name: name, contents: contents, modified: now, sender: sender))
    present.append(files.count - 1)
    return files.count - 1
  }

  /// The files of `incoming/`, as a scan orders them.
  var incoming: [Number] {
    present.filter { files[$0].place == .incoming }.sorted { (files[$0].modified, files[$0].name) < (files[$1].modified, files[$1].name) }
  }

  var claimed: [(file: Number, claim: Claim)] {
    present.compactMap { number in
      if case .claimed(let claim) = files[number].place { (number, claim) } else { nil }
    }
    .sorted { $0.claim.id < $1.claim.id }
  }

  func move(_ file: Number, to place: Place) {
    unsynced.append((file, files[file].place))
    put(file, into: place)
  }

  func sync() {
    unsynced = []
  }

  /// Takes back all but the first `kept` of what was not synced.
  func cutPower(using random: inout SeededGenerator) {
    let kept = Int.random(in: 0...unsynced.count, using: &random)
    for (file, before) in unsynced[kept...].reversed() { put(file, into: before) }
    unsynced = []
  }

  /// An id greater than all before it.
  func nextClaim(droppedAt: Timestamp) -> Claim? {
    claimsMade += 1
    let digits = String(claimsMade, radix: 16)
    return ClaimID(String(repeating: "0", count: 24 - digits.count) + digits).map { Claim(id: $0, droppedAt: droppedAt) }
  }

  private func put(_ file: Number, into place: Place) {
    if files[file].place == .gone, place != .gone { present.append(file) }
    if place == .gone { present.removeAll { $0 == file } }
    files[file].place = place
  }
}
