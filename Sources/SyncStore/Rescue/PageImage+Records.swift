import GRDB

/// What one cell of a table or an index holds.
struct StoredRecord {
  /// nil in an index.
  let row: Int64?
  let values: [DatabaseValue]
}

extension PageImage {
  /// Every readable record of a table or an index on the page; none when the page is free, or no such page.
  func records(on number: Number) -> [StoredRecord] {
    // The first page holds the schema only.
    guard number > 1, isInUse(number), let page = page(number), let kind = Kind(rawValue: page[0]), kind.holdsRecords else { return [] }
    guard let unused = unusedRanges(of: page) else { return [] }
    return (0..<min(page.number(at: 3, bytes: 2), pageSize / 4)).compactMap { index in
      let cell = page.number(at: kind.headerSize + 2 * index, bytes: 2)
      return unused.contains { $0.contains(cell) } ? nil : record(at: cell, of: page, kind)
    }
  }

  /// Where nothing is stored, though deleted cells may still be readable there; nil when the page's own account of it is damaged.
  private func unusedRanges(of page: [UInt8]) -> [Range<Int>]? {
    let contents = page.number(at: 5, bytes: 2)
    guard contents >= 8, contents <= pageSize else { return nil }
    var ranges = [0..<contents]
    var next = page.number(at: 1, bytes: 2)
    while next != 0 {
      let end = next + page.number(at: next + 2, bytes: 2)
      guard next >= ranges[ranges.count - 1].upperBound, end >= next + 4, end <= pageSize else { return nil }
      ranges.append(next..<end)
      next = page.number(at: next, bytes: 2)
    }
    return ranges
  }

  private enum Kind: UInt8 {
    case indexInterior = 2
    case tableInterior = 5
    case indexLeaf = 10
    case tableLeaf = 13

    var holdsRecords: Bool { self != .tableInterior }
    var headerSize: Int { self == .indexInterior ? 12 : 8 }
  }

  private func record(at cell: Int, of page: [UInt8], _ kind: Kind) -> StoredRecord? {
    var reader = ByteReader(page, at: kind == .indexInterior ? cell + 4 : cell)
    guard cell >= kind.headerSize, let size = reader.variableNumber(), (1...Self.largestPayload).contains(size) else { return nil }
    let row = kind == .tableLeaf ? reader.variableNumber() : nil
    guard kind != .tableLeaf || row != nil, let payload = payload(Int(size), &reader, kind) else { return nil }
    return Self.values(of: payload).map { StoredRecord(row: row, values: $0) }
  }

  /// Far more than an action file may hold.
  private static var largestPayload: ClosedRange<Int64>.Bound { 1 << 20 }

  /// The bytes of a record, which may go on on other pages.
  private func payload(_ size: Int, _ reader: inout ByteReader, _ kind: Kind) -> [UInt8]? {
    let most = kind == .tableLeaf ? pageSize - 35 : (pageSize - 12) * 64 / 255 - 23
    guard size > most else { return reader.bytes(size) }
    let least = (pageSize - 12) * 32 / 255 - 23
    let fitting = least + (size - least) % (pageSize - 4)
    guard var payload = reader.bytes(fitting <= most ? fitting : least), let link = reader.bytes(4) else { return nil }
    var next = link.number(at: 0, bytes: 4)
    while payload.count < size {
      guard isInUse(next), let page = page(next) else { return nil }
      payload += page[4..<min(pageSize, 4 + size - payload.count)]
      next = page.number(at: 0, bytes: 4)
    }
    return next == 0 ? payload : nil
  }

  /// <https://www.sqlite.org/fileformat2.html#record_format>; nil for what is none, and for what the queue never stores.
  private static func values(of payload: [UInt8]) -> [DatabaseValue]? {
    var header = ByteReader(payload, at: 0)
    guard let headerSize = header.variableNumber(), (1...Int64(payload.count)).contains(headerSize) else { return nil }
    var body = ByteReader(payload, at: Int(headerSize))
    var values: [DatabaseValue] = []
    while header.position < headerSize {
      guard let type = header.variableNumber(), let value = value(of: type, &body) else { return nil }
      values.append(value)
    }
    return header.position == headerSize && body.position == payload.count ? values : nil
  }

  private static func value(of type: Int64, _ body: inout ByteReader) -> DatabaseValue? {
    switch type {
    case 0: return .null
    case 1...6:
      let size = [1, 2, 3, 4, 6, 8][Int(type) - 1]
      return body.bytes(size).map { bytes in
        bytes.reduce(Int64(bytes[0] & 0x80 == 0 ? 0 : -1)) { $0 << 8 | Int64($1) }.databaseValue
      }
    case 8, 9: return (type - 8).databaseValue
    case 13... where type % 2 == 1 && type <= 13 + 2 * largestPayload:
      return body.bytes(Int(type - 13) / 2).flatMap { String(validating: $0, as: UTF8.self) }?.databaseValue
    default: return nil
    }
  }
}

/// Reads bytes, and none beyond their end.
private struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int) {
    (self.bytes, self.position) = (bytes, position)
  }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard count >= 0, position + count <= bytes.count else { return nil }
    position += count
    return Array(bytes[position - count..<position])
  }

  /// A number of one to nine bytes.
  mutating func variableNumber() -> Int64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { break }
    }
    return Int64(bitPattern: value)
  }
}
