import Glibc

/// The pages of a database file and its log, as they stand there, read without SQLite.
///
/// SQLite reaches a page only through the pages above it, so that one damaged page can hide thousands that are sound; and it
/// changes files that it opens. The format is described in <https://www.sqlite.org/fileformat2.html>.
final class PageImage {
  typealias Number = Int

  let pageSize: Int
  /// How many pages the database has after the last commit that the log holds.
  let pageCount: Number
  private let file: Int32
  private let log: LogImage?
  private lazy var free = freePages()

  /// Pages that could be meant to hold data; the lock page of files beyond 1 GiB is among them, and holds none.
  var numbers: ClosedRange<Number> { 1...max(1, pageCount) }

  /// Throws `SyncStoreError.unusable` when the file cannot be read at all.
  init(path: String) throws {
    file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 || errno == ENOENT else {
      throw SyncStoreError.unusable("\(path): \(String(cString: strerror(errno)))")
    }
    let header = read(file, at: 0, count: 100)
    let size = header.count == 100 ? header.number(at: 16, bytes: 2) : 0
    pageSize = size == SyncStore.pageSize || [512, 1_024, 2_048, 8_192, 16_384, 32_768].contains(size) ? size : SyncStore.pageSize
    log = LogImage(path: path + "-wal", pageSize: pageSize)
    var status = stat()
    let length = fstat(file, &status) == 0 ? Int(status.st_size) : 0
    pageCount = log?.pageCount ?? (length + pageSize - 1) / pageSize
  }

  deinit {
    if file >= 0 { close(file) }
  }

  /// Whether commits are lost that the log had taken: damage, and not the torn end that a power cut leaves.
  var hasDamagedLog: Bool { log?.isDamaged ?? false }

  /// The page's bytes; nil when there are none, or the log holds a newer version that is damaged.
  func page(_ number: Number) -> [UInt8]? {
    guard numbers.contains(number) else { return nil }
    switch log?.version(of: number) {
    case .lost?: return nil
    case .bytes(let bytes)?: return bytes
    case nil:
      let bytes = read(file, at: (number - 1) * pageSize, count: pageSize)
      return bytes.count == pageSize ? bytes : nil
    }
  }

  /// Whether the page belongs to a table or an index. What was deleted stays readable on pages that are free, and must not come back:
  /// a page counts only when one of the two places that know of it, the list of free pages or the map of pages, says so, and neither denies it.
  func isInUse(_ number: Number) -> Bool {
    let answers = [free.map { !$0.contains(number) }, mapEntry(of: number).map { $0 != 2 }].compactMap { $0 }
    return !answers.isEmpty && answers.allSatisfy { $0 }
  }

  private var header: [UInt8]? {
    page(1).flatMap { $0.starts(with: Array("SQLite format 3\0".utf8)) ? $0 : nil }
  }

  /// The list of free pages; nil when it cannot be read to its end.
  private func freePages() -> Set<Number>? {
    guard let header else { return nil }
    var free: Set<Number> = []
    var next = header.number(at: 32, bytes: 4)
    while next != 0 {
      guard let trunk = page(next), free.insert(next).inserted else { return nil }
      let count = trunk.number(at: 4, bytes: 4)
      guard count <= pageSize / 4 - 2 else { return nil }
      for index in 0..<count {
        let leaf = trunk.number(at: 8 + 4 * index, bytes: 4)
        guard numbers.contains(leaf), free.insert(leaf).inserted else { return nil }
      }
      next = trunk.number(at: 0, bytes: 4)
    }
    return free.count == header.number(at: 36, bytes: 4) ? free : nil
  }

  /// What the map of pages, which our files have for `auto_vacuum`, says the page is; nil when that part of it is damaged.
  private func mapEntry(of number: Number) -> UInt8? {
    guard number > 2, header.map({ $0.number(at: 52, bytes: 4) != 0 }) ?? true else { return nil }
    let perMap = pageSize / 5
    let mapNumber = (number - 2) / (perMap + 1) * (perMap + 1) + 2
    guard number != mapNumber, let map = soundMap(mapNumber, perMap) else { return nil }
    return map[5 * (number - mapNumber - 1)]
  }

  private var maps: [Number: [UInt8]?] = [:]

  private func soundMap(_ mapNumber: Number, _ perMap: Int) -> [UInt8]? {
    if let known = maps[mapNumber] { return known }
    let entries = max(0, min(perMap, pageCount - mapNumber))
    let map = page(mapNumber).flatMap { map in
      (0..<entries).allSatisfy { (1...5).contains(map[5 * $0]) && map.number(at: 5 * $0 + 1, bytes: 4) <= pageCount } ? map : nil
    }
    maps[mapNumber] = .some(map)
    return map
  }
}

/// Reads what there is of `count` bytes.
func read(_ file: Int32, at offset: Int, count: Int) -> [UInt8] {
  guard file >= 0 else { return [] }
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
    length = max(0, pread(file, buffer.baseAddress, count, off_t(offset)))
  }
}

extension [UInt8] {
  /// The big-endian number there; 0 beyond the end.
  func number(at offset: Int, bytes: Int) -> Int {
    guard offset >= 0, offset + bytes <= count else { return 0 }
    return self[offset..<offset + bytes].reduce(0) { $0 << 8 | Int($1) }
  }
}
