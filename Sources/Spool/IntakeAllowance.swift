/// How many more files of each sender may be taken in. Those beyond it stay in `incoming/` as they are, and are not even looked at.
package struct IntakeAllowance: Hashable, Sendable {
  private let ofSenders: [UInt32: Int]
  private let ofOthers: Int

  /// - Parameters:
  ///   - senders: How many of these users' files.
  ///   - others: Of everybody else's, each.
  package init(of senders: [UInt32: Int] = [:], others: Int = .max) {
    (ofSenders, ofOthers) = (senders, others)
  }

  package subscript(sender: UInt32) -> Int { ofSenders[sender] ?? ofOthers }
}
