import CSpool
// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Glibc
import SystemPackage

/// One client, as the daemon has it. Takes one of the slots, until its end.
final class SubmissionConnection {
  let user: UInt32
  var lastHeard = ContinuousClock.now
  var isOver = false
  private let socket: Descriptor
  private let slots: SubmissionSlots
  private static let disposal = DispatchQueue(label: "submission-disposal")
  /// What was passed and may block whoever closes it.
  private var foreign: [CInt] = []

  var number: CInt { socket.number }

  init(_ socket: consuming Descriptor, of user: UInt32, in slots: SubmissionSlots) {
    self.socket = socket
    (self.user, self.slots) = (user, slots)
  }

  deinit {
    guard !foreign.isEmpty else { return slots.leave(user) }
    // Closing a file of FUSE or NFS waits for its server, which may be the client's own. One thread waits for all of these, and the clients'
    // slots stay taken: nobody can have many of either.
    Self.disposal.async { [foreign, slots, user] in
      for descriptor in foreign { close(descriptor) }
      slots.leave(user)
    }
  }

  /// One that does not take it at once is given up: it has not read what it was told before.
  func tell(_ answer: SubmissionAnswer) {
    if !Self.tell(answer, to: socket.number) { isOver = true }
  }

  /// Whether it was taken.
  @discardableResult
  static func tell(_ answer: SubmissionAnswer, to socket: CInt) -> Bool {
    let bytes = answer.bytes
    let sent = try? checked { bytes.withUnsafeBytes { cspool_send(socket, $0.baseAddress, UInt($0.count), -1) } }
    return sent == bytes.count
  }

  /// The next packet; nil when there is none, or nobody any more.
  func receive(limit: Int) throws(SubmissionRefusal) -> Submission? {
    var arrival = cspool_arrival()
    var packet = [UInt8](repeating: 0, count: SubmissionMessage.longest)
    let length: Int
    do throws(Errno) {
      length = try checked { packet.withUnsafeMutableBytes { cspool_receive(socket.number, $0.baseAddress, UInt($0.count), &arrival) } }
    } catch {
      if error != .resourceTemporarilyUnavailable { isOver = true }
      return nil
    }
    lastHeard = .now
    let contents = try takeContents(arrival)
    guard length > 0 || contents != nil else {
      isOver = true
      return nil
    }
    guard arrival.flags & cspool_msg_trunc == 0 else { throw .malformed("the header is longer than \(SubmissionMessage.longest) bytes") }
    guard let contents else { throw .malformed("no descriptor came along: pass one of a sealed memfd (SCM_RIGHTS)") }
    let name = try SubmissionMessage.name(inRequest: Array(packet.prefix(length)))
    return Submission(sender: user, name: name, contents: try contents.read(limit: limit))
  }

  /// The one descriptor that came along, once it is known to be of memory that can neither block, change nor shrink; nil when none came.
  private func takeContents(_ arrival: cspool_arrival) throws(SubmissionRefusal) -> SealedMemory? {
    let descriptors = [arrival.descriptors.0, arrival.descriptors.1].prefix(Int(arrival.count))
    let kinds = descriptors.map { cspool_is_sealed($0) }
    // Whatever is wrong, nothing that came along stays open; memory is closed without waiting for anybody.
    guard descriptors.count == 1, arrival.flags & cspool_msg_ctrunc == 0, kinds == [1] else {
      for (descriptor, kind) in zip(descriptors, kinds) where kind >= 0 { close(descriptor) }
      foreign += zip(descriptors, kinds).filter { $1 < 0 }.map(\.0)
      guard !descriptors.isEmpty || arrival.flags & cspool_msg_ctrunc != 0 else { return nil }
      throw Self.refusal(of: kinds)
    }
    return SealedMemory(number: descriptors[0])
  }

  private static func refusal(of kinds: [CInt]) -> SubmissionRefusal {
    switch kinds {
    // The kernel has found no number for it here.
    case []: SubmissionRefusal(.wait, "the daemon has too many files open; try again")
    case [0]: .malformed("the memfd must be sealed with F_SEAL_WRITE, F_SEAL_GROW and F_SEAL_SHRINK")
    case [-1]: .malformed("the descriptor is no memfd (memfd_create(2) with MFD_ALLOW_SEALING)")
    default: .malformed("exactly one descriptor must come along")
    }
  }
}

/// A memfd that is sealed.
struct SealedMemory: ~Copyable {
  private let file: Descriptor

  init(number: CInt) {
    file = Descriptor(number: number)
  }

  func read(limit: Int) throws(SubmissionRefusal) -> [UInt8] {
    do throws(Errno) {
      let size = try file.status().size
      guard size <= limit else { throw Errno.fileTooLarge }
      return try file.read(atMost: size)
    } catch .fileTooLarge {
      throw SubmissionRefusal(.size, "the contents are too large: at most \(limit) bytes are taken (spool.max_file_size); split them")
    } catch {
      throw .malformed("the memfd cannot be read: \(error)")
    }
  }
}

/// What somebody has handed over.
struct Submission {
  let sender: UInt32
  let name: SpoolName
  let contents: [UInt8]
}
