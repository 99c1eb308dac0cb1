import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

/// A spool in a fresh directory, removed afterwards, and what a rude or an honest client can do to it.
struct TemporarySpool: ~Copyable {
  let root: FilePath
  /// The time of a test's first look, well after its files were made.
  let start = Timestamp(milliseconds: 1_900_000_000_000)

  var incoming: FilePath { root.appending("incoming") }
  var writer: SpoolWriter { SpoolWriter(incoming: incoming) }

  init() throws {
    let number = UInt64.random(in: 0...UInt64.max)
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    root = FilePath("\(parent)/spool-tests-\(String(number, radix: 16))")
    _ = try SpoolReader(root: root)
  }

  deinit { removeTree(root) }

  func reader(_ limits: SpoolLimits = SpoolLimits()) throws -> SpoolReader { try SpoolReader(root: root, limits: limits) }

  /// Writes in place, byte by byte the name it is given; `mtime` defaults to long ago.
  func put(
    _ text: String, as name: SpoolName, mtime: Timestamp? = Timestamp(milliseconds: 1_000), in directory: FilePath.Component = "incoming"
  ) {
    let path = path(name, in: directory)
    let file = path.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o640) }
    #expect(file >= 0)
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
    close(file)
    if let mtime { touch(name, mtime: mtime, in: directory) }
  }

  func put(_ text: String, as name: String, mtime: Timestamp? = Timestamp(milliseconds: 1_000)) {
    put(text, as: SpoolName(name), mtime: mtime)
  }

  func append(_ text: String, to name: String, mtime: Timestamp) {
    let file = path(SpoolName(name)).withCString { open($0, O_WRONLY | O_APPEND) }
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
    close(file)
    touch(SpoolName(name), mtime: mtime)
  }

  func touch(_ name: SpoolName, mtime: Timestamp, in directory: FilePath.Component = "incoming") {
    let seconds = mtime.milliseconds / 1000
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(mtime.milliseconds - seconds * 1000) * 1_000_000)
    let result = path(name, in: directory).withCString { path in
      [time, time].withUnsafeBufferPointer { utimensat(AT_FDCWD, path, $0.baseAddress, AT_SYMLINK_NOFOLLOW) }
    }
    #expect(result == 0)
  }

  func path(_ name: SpoolName, in directory: FilePath.Component = "incoming") -> RawPath {
    RawPath(bytes: Array(root.appending(directory).string.utf8) + [UInt8(ascii: "/")] + name.bytes)
  }

  func path(_ name: String, in directory: FilePath.Component = "incoming") -> RawPath { path(SpoolName(name), in: directory) }

  func names(in directory: FilePath.Component) -> [SpoolName] { entries(of: root.appending(directory)) }

  func text(of name: SpoolName, in directory: FilePath.Component) -> String? {
    let file = path(name, in: directory).withCString { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) }
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 21)
    let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  func reason(of name: SpoolName) -> String? { text(of: name.reasonName, in: "rejected") }
}

/// A path whose bytes need not be UTF-8.
struct RawPath {
  let bytes: [UInt8]

  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("a terminated path is not empty") }
      return body(base)
    }
  }
}

func entries(of directory: FilePath) -> [SpoolName] {
  guard let stream = directory.withPlatformString({ opendir($0) }) else { return [] }
  defer { closedir(stream) }
  var names: [SpoolName] = []
  while let entry = readdir(stream) {
    let start = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name) ?? 19).assumingMemoryBound(to: UInt8.self)
    var bytes: [UInt8] = []
    while start[bytes.count] != 0 { bytes.append(start[bytes.count]) }
    if bytes != [0x2e] && bytes != [0x2e, 0x2e] { names.append(SpoolName(bytes: bytes)) }
  }
  return names.sorted()
}

func removeTree(_ directory: FilePath) {
  for name in entries(of: directory) {
    let path = RawPath(bytes: Array(directory.string.utf8) + [UInt8(ascii: "/")] + name.bytes)
    if path.withCString({ unlink($0) }) != 0 { removeTree(FilePath(directory.string + "/" + String(decoding: name.bytes, as: UTF8.self))) }
  }
  _ = directory.withPlatformString { rmdir($0) }
}

extension SpoolReader {
  /// Lists once and claims all there is, `limit` at a time.
  func takeAll(now: Timestamp, atMost limit: Int = 1_000) throws -> ClaimBatch.Sum {
    try scan(now: now)
    return try takeRest(now: now, atMost: limit)
  }

  func takeRest(now: Timestamp, atMost limit: Int = 1_000) throws -> ClaimBatch.Sum {
    var sum = ClaimBatch.Sum()
    repeat {
      let batch = try claim(atMost: limit, now: now)
      sum.files += batch.files
      sum.rejected += batch.rejected
      sum.ignored += batch.ignored
      sum.durablyFinished += batch.durablyFinished
      sum.batches += 1
    } while hasMore
    return sum
  }
}

extension ClaimBatch {
  struct Sum {
    var files: [ClaimedFile] = []
    var rejected: [RejectedFile] = []
    var ignored: [IgnoredEntry] = []
    var durablyFinished: [ClaimID] = []
    var batches = 0

    var names: [String] { files.map(\.name.description) }
  }
}
