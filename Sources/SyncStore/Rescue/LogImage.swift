import Glibc

/// The write-ahead log of a database, read without SQLite, which takes the first damaged frame for the end of the log.
///
/// Each frame's checksum continues that of the frame before, which stands there too; so every frame can be told sound or not by itself.
struct LogImage {
  enum Version {
    case bytes([UInt8])
    /// The newest version is damaged, and an older one would be a lie.
    case lost
  }

  /// How many pages the database has after the last commit; nil when the log holds none.
  let pageCount: Int?
  let isDamaged: Bool
  private let bytes: [UInt8]
  private let pageSize: Int
  /// Where the newest version of a page begins; nil for a damaged one.
  private let offsets: [Int: Int?]

  private struct Frame {
    let page: Int
    /// 0 but for the last frame of a commit.
    let pageCount: Int
    let isSound: Bool
    let offset: Int
  }

  /// nil when there is no log.
  init?(path: String, pageSize: Int) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size > 32 else { return nil }
    bytes = read(file, at: 0, count: Int(status.st_size))
    self.pageSize = pageSize
    let frames = Self.frames(of: bytes, pageSize: pageSize)
    let breaks = frames.firstIndex { !$0.isSound } ?? frames.count
    // Each commit is synced before the next begins: one that is whole behind the break may be what a power cut tore, but not two.
    let isDamaged = frames[breaks...].count { $0.isSound && $0.pageCount > 0 } > 1
    let believed = isDamaged ? frames[...] : frames[..<breaks]
    let last = believed.lastIndex { $0.isSound && $0.pageCount > 0 }
    var offsets: [Int: Int?] = [:]
    if let last {
      for frame in believed[...last] { offsets[frame.page] = .some(frame.isSound ? frame.offset : nil) }
    }
    (self.isDamaged, self.offsets, pageCount) = (isDamaged, offsets, last.map { frames[$0].pageCount })
  }

  /// nil when the log holds none.
  func version(of page: Int) -> Version? {
    guard let offset = offsets[page] else { return nil }
    return offset.map { .bytes(Array(bytes[$0..<$0 + pageSize])) } ?? .lost
  }

  /// The log's frames; those of its earlier rounds, which stay behind its end, among the unsound ones.
  private static func frames(of bytes: [UInt8], pageSize: Int) -> [Frame] {
    let isBigEndian = bytes.number(at: 0, bytes: 4) & 1 == 1
    let salt = bytes[16..<24]
    var sum = (UInt32(bytes.number(at: 24, bytes: 4)), UInt32(bytes.number(at: 28, bytes: 4)))
    return stride(from: 32, through: bytes.count - 24 - pageSize, by: 24 + pageSize).map { start in
      add(bytes, start..<start + 8, isBigEndian, to: &sum)
      add(bytes, start + 24..<start + 24 + pageSize, isBigEndian, to: &sum)
      let stored = (UInt32(bytes.number(at: start + 16, bytes: 4)), UInt32(bytes.number(at: start + 20, bytes: 4)))
      let isSound = sum == stored && bytes[start + 8..<start + 16] == salt
      sum = stored
      return Frame(
        page: bytes.number(at: start, bytes: 4), pageCount: bytes.number(at: start + 4, bytes: 4), isSound: isSound, offset: start + 24)
    }
  }

  /// <https://www.sqlite.org/fileformat2.html#checksum_algorithm>
  private static func add(_ bytes: [UInt8], _ range: Range<Int>, _ isBigEndian: Bool, to sum: inout (UInt32, UInt32)) {
    bytes.withUnsafeBytes { buffer in
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        let first = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        let second = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        sum.0 &+= (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ sum.1
        sum.1 &+= (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ sum.0
      }
    }
  }
}
