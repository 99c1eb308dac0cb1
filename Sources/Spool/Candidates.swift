/// What was found in `incoming/` and is to be looked at: a line for each sender, the oldest first, and whose turn it is.
///
/// Each batch takes one of every line in turn, so that nobody's flood delays what others drop by more than a batch. Memory is bounded, too:
/// of a line that is too long only its beginning is kept, and the rest is listed again when that is used up.
struct Candidates {
  /// How many are kept, of all senders together, by a listing, and twice as many with what comes since; so many take some 15 MB, and while
  /// a long directory is listed some 40 MB.
  static let capacity = 50_000

  fileprivate struct Line {
    /// In their order.
    var entries: ArraySlice<SpoolReader.Entry> = []
    /// Whether the directory holds more of the sender's, which belong behind these.
    var isCut = false
    /// How many of these a listing has found: what was told of by name since comes behind them.
    var listed = 0
  }

  private let capacity: Int
  private var lines: [UInt32: Line] = [:]
  /// How many there are.
  private var count = 0
  /// Whose turn it was last.
  private var served: UInt32?

  init(capacity: Int = Self.capacity) {
    self.capacity = capacity
  }

  /// What a listing has found, in whatever order; it is consumed, as a copy would be as large again while it is sorted.
  init(_ listing: consuming Listing, turnAfter served: UInt32?) {
    self.init(capacity: listing.capacity)
    self.served = served
    listing.cut()
    for (sender, entries) in listing.found {
      lines[sender] = Line(listed: entries, isCut: listing.isCut.contains(sender))
      count += entries.count
    }
  }

  /// Gives up what was found, all of which a listing finds again: kept until then, it would be as much again in memory. Whose turn it was
  /// last remains.
  mutating func makeWayForListing() {
    let served = served
    self = Candidates(capacity: capacity)
    self.served = served
  }

  /// Those of whom anything waits.
  var senders: Set<UInt32> { Set(lines.keys) }

  /// Whose turn it was last; a listing has to go on behind it.
  var lastServed: UInt32? { served }

  /// Whether `take` would find anything.
  func isAnyAllowed(by allowance: IntakeAllowance) -> Bool {
    lines.contains { sender, line in !line.entries.isEmpty && allowance[sender] > 0 }
  }

  /// Whether the next of somebody who may take his turn is in the directory only.
  func mustBeListed(for allowance: IntakeAllowance) -> Bool {
    lines.contains { sender, line in line.isCut && line.entries.isEmpty && allowance[sender] > 0 }
  }

  /// Whether all that the last listing has found is taken, as far as it may be: of one sender, or of everybody.
  func isListingTaken(of sender: UInt32? = nil, for allowance: IntakeAllowance) -> Bool {
    func isTaken(_ sender: UInt32, _ line: Line) -> Bool { allowance[sender] == 0 || (line.listed == 0 && !line.isCut) }
    guard let sender else { return lines.allSatisfy(isTaken) }
    return lines[sender].map { isTaken(sender, $0) } ?? true
  }

  /// Puts one in its place, unless it belongs behind some that are not kept.
  mutating func insert(_ entry: SpoolReader.Entry) {
    let room = capacity / max(1, lines.count)
    count += lines[entry.sender, default: Line()].insert(entry, room: room)
    if count > 2 * capacity { cut() }
  }

  /// Keeps the beginnings of lines that were longer before there were so many.
  private mutating func cut() {
    let room = capacity / max(1, lines.count)
    for sender in lines.keys { lines[sender]?.cut(to: room) }
    count = lines.values.reduce(0) { $0 + $1.entries.count }
  }

  /// Takes one of each line in turn, as far as `allowance` lets it, until there are `limit` of them, or of `bytes` of contents: in their order
  /// all of them, whoever dropped them, so that only what does not fit into a batch overtakes or is overtaken.
  ///
  /// - Parameter largest: What is larger is not read, and counts for nothing.
  mutating func take(atMost limit: Int, bytes: Int, largest: Int, allowance: IntakeAllowance) -> [SpoolReader.Entry] {
    var taken: [SpoolReader.Entry] = []
    var size = 0
    var senders = sendersInTurn.filter { allowance[$0] > 0 }
    var round = 1
    taking: while !senders.isEmpty {
      var others: [UInt32] = []
      for sender in senders {
        guard taken.count < limit, size < bytes else { break taking }
        guard let entry = lines[sender]?.popFirst() else { continue }
        taken.append(entry)
        count -= 1
        size += entry.status.size > largest ? 0 : entry.status.size
        served = sender
        if round < allowance[sender] { others.append(sender) }
      }
      senders = others
      round += 1
    }
    // A line that is used up gives its memory back.
    lines = lines.filter { !$0.value.entries.isEmpty || $0.value.isCut }
    return taken.sorted()
  }

  private var sendersInTurn: [UInt32] {
    let senders = lines.keys.sorted()
    let next = served.flatMap { last in senders.firstIndex { $0 > last } } ?? 0
    return Array(senders[next...] + senders[..<next])
  }
}

extension Candidates.Line {
  init(listed entries: [SpoolReader.Entry], isCut: Bool) {
    (self.entries, self.isCut, listed) = (entries[...], isCut, entries.count)
  }

  mutating func popFirst() -> SpoolReader.Entry? {
    listed = max(0, listed - 1)
    return entries.popFirst()
  }

  mutating func cut(to room: Int) {
    guard entries.count > room else { return }
    entries.removeLast(entries.count - room)
    (listed, isCut) = (min(listed, room), true)
  }

  /// Returns by how many it is longer.
  mutating func insert(_ entry: SpoolReader.Entry, room: Int) -> Int {
    let before = entries.count
    place(entry, room: room)
    return entries.count - before
  }

  private mutating func place(_ entry: SpoolReader.Entry, room: Int) {
    // Most come in their order. Where the line was cut, what belongs behind its end is found by a listing, with what is before it.
    guard let last = entries.last, entry < last else {
      if isCut || entries.count >= room { isCut = true } else { entries.append(entry) }
      return
    }
    var (low, high) = (entries.startIndex, entries.endIndex)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] < entry { low = middle + 1 } else { high = middle }
    }
    entries.insert(entry, at: low)
    if entries.count > room {
      entries.removeLast()
      isCut = true
    }
  }
}

/// What a listing finds, as it goes: no more of it is kept than a few times `capacity`, however long the directory is.
struct Listing {
  let capacity: Int
  fileprivate(set) var found: [UInt32: [SpoolReader.Entry]] = [:]
  fileprivate(set) var isCut: Set<UInt32> = []
  /// How many have been found.
  private(set) var count = 0
  private var kept = 0
  private(set) var newest: SpoolReader.Entry?
  private(set) var latestChange: FileTime?

  init(capacity: Int = Candidates.capacity) {
    self.capacity = capacity
  }

  mutating func add(_ entry: SpoolReader.Entry) {
    found[entry.sender, default: []].append(entry)
    newest = newest.map { max($0, entry) } ?? entry
    latestChange = latestChange.map { max($0, entry.status.changed) } ?? entry.status.changed
    (count, kept) = (count + 1, kept + 1)
    if kept >= 2 * capacity { cut() }
  }

  /// Sorts each line, and keeps its beginning.
  fileprivate mutating func cut() {
    let room = capacity / max(1, found.count)
    kept = 0
    for sender in found.keys {
      found[sender]?.sort()
      let length = found[sender]?.count ?? 0
      if length > room {
        found[sender]?.removeLast(length - room)
        isCut.insert(sender)
      }
      kept += min(length, room)
    }
  }
}
