/// The width of each column of a table, which is that of its widest cell; rows that come one by one are measured with it, and then written.
struct ColumnWidths {
  private var widths: [Int] = []
  private var hidden: Set<Int> = []

  mutating func measure(_ row: [String]) {
    for (column, cell) in row.enumerated() {
      if column == widths.count { widths.append(0) }
      widths[column] = max(widths[column], cell.columns)
    }
  }

  /// Leaves a column out of the lines.
  mutating func hide(_ column: Int) {
    hidden.insert(column)
  }

  /// A cell that is wider than those that were measured moves the others of its row. The last one ends where its text ends.
  func line(_ row: [String]) -> String {
    var line = ""
    for (column, (cell, width)) in zip(row, widths).enumerated() where !hidden.contains(column) {
      line += cell + String(repeating: " ", count: max(0, width - cell.columns) + 2)
    }
    return line.trimmingTrailingSpaces + "\n"
  }
}

/// Rows of cells in columns that are as wide as their widest cell; the last one ends where its text ends.
///
/// The rows are gone through twice, so that a long table that is made up as it goes takes no memory.
struct Table<Rows: Collection<[String]>> {
  private let rows: Rows

  init(_ rows: Rows) {
    self.rows = rows
  }

  /// A line for each row.
  func writeLines(_ write: (String) throws -> Void) rethrows {
    var widths = ColumnWidths()
    for row in rows { widths.measure(row) }
    for row in rows { try write(widths.line(row)) }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: Substring {
    self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]
  }
}
