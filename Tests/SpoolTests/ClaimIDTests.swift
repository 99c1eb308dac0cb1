import ProgressModel
import Spool
import Testing

@Suite struct ClaimIDTests {
  @Test("Ids grow with every claim, also when the clock stands still or goes back")
  func growing() {
    var sequence = ClaimSequence()
    var clock: [Int64] = [5_000, 5_000, 4_000, 0, -7, 5_001, 5_001]
    clock += Array(repeating: 6_000, count: 70_000)
    let ids = clock.map { sequence.next(now: Timestamp(milliseconds: $0)) }
    #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    #expect(ids.allSatisfy { ClaimID($0.text) == $0 && $0.text.utf8.count == 24 })
  }

  @Test("Ids that follow a recovered one are greater than it, even if the clock was set back in between")
  func advancing() throws {
    var earlier = ClaimSequence()
    let left = earlier.next(now: Timestamp(milliseconds: 9_000_000))
    var sequence = ClaimSequence()
    sequence.advance(past: left)
    #expect(left < sequence.next(now: Timestamp(milliseconds: 1)))
  }

  @Test(
    "What no daemon has made is not an id",
    arguments: ["", "0", "0198c0ffee00000012345678x", "0198C0FFEE00000012345678", "ffffffffffffffffffffffff", "0198c0ffee0000001234567é"])
  func refused(text: String) {
    #expect(ClaimID(text) == nil)
  }
}
