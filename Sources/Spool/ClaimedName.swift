import ProgressModel

/// What the name of a file in `claimed/` says: `<claim id>.<drop time>.<dropped name>`.
///
/// A crash leaves nothing but that name. The drop time stands in it because the claim's rename has overwritten the file's
/// `ctime`, and a value must not become newer by having been interrupted. The dropped name is cut where the whole would be
/// longer than a name may be.
struct ClaimedName {
  let claim: ClaimID
  let droppedAt: Timestamp
  let name: SpoolName

  init(claim: ClaimID, droppedAt: Timestamp, name: SpoolName) {
    (self.claim, self.droppedAt, self.name) = (claim, droppedAt, name)
  }

  /// Reads a name back; nil for one that no daemon has made.
  init?(_ storedAs: SpoolName) {
    let parts = storedAs.bytes.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let claim = ClaimID(String(decoding: parts[0], as: UTF8.self)), parts[1].count == Self.timeDigits,
      let milliseconds = Int64(String(decoding: parts[1], as: UTF8.self), radix: 16)
    else { return nil }
    self.init(claim: claim, droppedAt: Timestamp(milliseconds: milliseconds), name: SpoolName(bytes: Array(parts[2])))
  }

  var stored: SpoolName {
    let time = hexadecimal(max(0, droppedAt.milliseconds), digits: Self.timeDigits)
    return name.prefixed(with: "\(claim.text).\(time).")
  }

  private static let timeDigits = 12
}
