/// What stands in the queue, as a whole, in the order of acceptance.
package struct QueueReport: Hashable, Sendable {
  /// What is still to be delivered without anybody's doing.
  package var items: [QueueItem]
  /// What the API has refused: kept until a newer write of its key or a person decides.
  package var failed: [QueueItem]

  package init(items: [QueueItem] = [], failed: [QueueItem] = []) {
    (self.items, self.failed) = (items, failed)
  }

  /// Gives the report to `write` as JSON, piece by piece: as one text, that of a long queue would take more memory than the report.
  package func writeJSON(_ write: (String) throws -> Void) throws {
    try write("{\"pending\":\(items.count),\"items\":[")
    try Self.writeJSON(items, write)
    try write("],\"failed\":[")
    try Self.writeJSON(failed, write)
    try write("]}")
  }

  private static func writeJSON(_ items: [QueueItem], _ write: (String) throws -> Void) throws {
    for (index, item) in items.enumerated() {
      try write((index > 0 ? "," : "") + ControlCoding.text(of: item))
    }
  }
}
