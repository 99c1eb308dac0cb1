extension Collection<String> {
  /// The name that was probably meant by `typo`, when one is close enough to be worth suggesting: a few letters off, or cut short.
  package func nearest(to typo: String) -> String? {
    let typo = Array(typo.lowercased().unicodeScalars.prefix(64))
    let close = compactMap { name -> (name: String, distance: Int)? in
      let scalars = Array(name.lowercased().unicodeScalars)
      let limit =
        typo.count >= 4 && scalars.starts(with: typo)
        ? scalars.count : Swift.min(Swift.max(2, scalars.count / 3), scalars.count - 1)
      // No fewer edits than the difference in length: most names need no closer look.
      guard abs(scalars.count - typo.count) <= limit else { return nil }
      let distance = editDistance(scalars, typo)
      return distance <= limit ? (name, distance) : nil
    }
    return close.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }
}

/// How many single-character edits lead from one text to the other (Levenshtein's distance).
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
  var row = Array(0...right.count)
  for (i, scalar) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in right.enumerated() {
      let substituted = diagonal + (scalar == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = Swift.min(substituted, diagonal + 1, row[j] + 1)
    }
  }
  return row[right.count]
}
