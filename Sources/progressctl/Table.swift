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
    let widths = widths
    for row in rows { try write(line(row, widths)) }
  }

  private var widths: [Int] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.columns)
      }
    }
    return widths
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    var line = ""
    for (cell, width) in zip(row, widths) {
      line += cell + String(repeating: " ", count: width - cell.columns + 2)
    }
    return line.trimmingTrailingSpaces + "\n"
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: Substring {
    self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]
  }
}
