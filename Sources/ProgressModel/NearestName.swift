extension Collection<String> {
  /// The name that was probably meant by `typo`, when one is close enough to be worth suggesting.
  package func nearest(to typo: String) -> String? {
    let typo = Array(typo.lowercased().unicodeScalars.prefix(64))
    let ranked = map { (name: $0, distance: editDistance(Array($0.lowercased().unicodeScalars), typo)) }
    let best = ranked.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return best.flatMap { $0.distance <= Swift.max(2, $0.name.count / 3) ? $0.name : nil }
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
