/// A page in Prometheus's text exposition format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats>), family by family.
///
/// Names and units follow <https://prometheus.io/docs/practices/naming>: a counter ends in `_total`, times are in seconds, sizes in bytes.
/// A number that is not finite is left out: a reader's sums must not turn into NaN.
package struct PrometheusText: Sendable {
  /// Ends with a line feed, as the format demands.
  package private(set) var text = ""

  package init() {}

  /// One number of a family, told from the others by its labels.
  package struct Sample: Sendable {
    package let labels: [Label]
    package let value: Double

    package init(_ value: Double, labels: [Label]) {
      (self.labels, self.value) = (labels, value)
    }

    package init(_ value: Double, _ labels: Label...) {
      self.init(value, labels: labels)
    }

    package init(_ value: Int, _ labels: Label...) {
      self.init(Double(value), labels: labels)
    }
  }

  package struct Label: Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      (self.name, self.value) = (name, value)
    }
  }

  /// Adds what only ever grows, and begins at zero at most when its process does.
  package mutating func counter(_ name: String, _ help: String, _ samples: [Sample]) {
    assert(name.hasSuffix("_total"), "\(name): a counter ends in _total")
    family(name, help, type: "counter", samples)
  }

  package mutating func gauge(_ name: String, _ help: String, _ samples: [Sample]) {
    assert(!name.hasSuffix("_total"), "\(name): only a counter ends in _total")
    family(name, help, type: "gauge", samples)
  }

  /// Adds a family of histograms in seconds, each told from the others by its labels.
  package mutating func histogram(
    _ name: String, _ help: String, _ series: [(labels: [Label], snapshot: DurationHistogram.Snapshot)]
  ) {
    assert(name.hasSuffix("_seconds"), "\(name): a duration is in seconds")
    guard !series.isEmpty else { return }
    begin(name, help, type: "histogram")
    for (labels, snapshot) in series {
      for bucket in snapshot.buckets {
        line("\(name)_bucket", labels + [Label("le", Self.number(bucket.bound.inSeconds))], Double(bucket.count))
      }
      line("\(name)_bucket", labels + [Label("le", "+Inf")], Double(snapshot.count))
      line("\(name)_sum", labels, snapshot.sum.inSeconds)
      line("\(name)_count", labels, Double(snapshot.count))
    }
  }

  private mutating func family(_ name: String, _ help: String, type: String, _ samples: [Sample]) {
    let samples = samples.filter(\.value.isFinite)
    guard !samples.isEmpty else { return }
    begin(name, help, type: type)
    for sample in samples { line(name, sample.labels, sample.value) }
  }

  private mutating func begin(_ name: String, _ help: String, type: String) {
    text += "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(type)\n"
  }

  private mutating func line(_ name: String, _ labels: [Label], _ value: Double) {
    let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quote: true))\"" }.joined(separator: ",")
    text += name + (list.isEmpty ? "" : "{\(list)}") + " \(Self.number(value))\n"
  }

  /// Whole numbers without a point, others in the fewest digits that read back as the same.
  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? "\(value)"
  }

  /// In a text backslash and line feed are escaped, in a label's value the quotation mark too.
  private static func escaped(_ text: String, quote: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quote: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Duration {
  /// The base unit of time on the page.
  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
