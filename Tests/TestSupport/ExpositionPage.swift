/// A page in Prometheus's text format 0.0.4, read strictly: whatever a reader would have to guess or forgive is a problem.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats>
package struct ExpositionPage {
  package struct Family: Equatable {
    package var help: String
    package var type: String
    package var samples: [Sample] = []

    /// The names of its labels, but for those of buckets.
    package var labels: Set<String> { Set(samples.flatMap { $0.labels.map(\.name) }).subtracting(["le"]) }
  }

  package struct Sample: Equatable {
    /// With `_bucket`, `_sum` or `_count` for a histogram.
    package var name: String
    package var labels: [Label]
    package var value: Double
  }

  package struct Label: Equatable {
    package var name: String
    package var value: String
  }

  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  package private(set) var families: [String: Family] = [:]
  private var current = ""

  package init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Problem(description: "the last line has no end") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      do {
        if line.hasPrefix("#") { try readComment(line) } else { try readSample(line) }
      } catch let problem as Problem {
        throw Problem(description: "\(problem.description): \(line)")
      }
    }
    for (name, family) in families {
      guard !family.samples.isEmpty else { throw Problem(description: "\(name) has no samples") }
      if family.type == "histogram" { try checkHistogram(name, family) }
    }
  }

  /// The one sample of a name with just these labels; nil when there is none.
  package func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    let family = families[name] ?? families[Self.base(of: name)]
    return family?.samples.first { sample in
      sample.name == name && sample.labels.count == labels.count && sample.labels.allSatisfy { labels[$0.name] == $0.value }
    }?.value
  }

  private mutating func readComment(_ line: Substring) throws {
    let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "#" else { throw Problem(description: "neither help nor type") }
    let (name, text) = (String(words[2]), String(words[3]))
    switch words[1] {
    case "HELP":
      guard families[name] == nil, Self.isName(name), !text.isEmpty else { throw Problem(description: "a help that cannot stand here") }
      families[name] = Family(help: text, type: "")
      current = name
    case "TYPE":
      guard name == current, families[name]?.type == "" else { throw Problem(description: "a type that cannot stand here") }
      guard ["counter", "gauge", "histogram"].contains(text) else { throw Problem(description: "an unknown type") }
      guard (text == "counter") == name.hasSuffix("_total") else { throw Problem(description: "counters, and no others, end in _total") }
      families[name]?.type = text
    default: throw Problem(description: "neither help nor type")
    }
  }

  private mutating func readSample(_ line: Substring) throws {
    var rest = line
    let name = String(rest.prefix { $0 != "{" && $0 != " " })
    rest = rest.dropFirst(name.count)
    let labels = rest.first == "{" ? try Self.labels(&rest) : []
    guard rest.first == " ", let value = Double(rest.dropFirst()), value.isFinite else { throw Problem(description: "no finite number") }
    let type = families[current]?.type
    guard type == "histogram" ? Self.base(of: name) == current : name == current, type != "" else {
      throw Problem(description: "not of the family above")
    }
    let sample = Sample(name: name, labels: labels, value: value)
    let isRepeated = families[current]?.samples.contains { $0.name == name && $0.labels == labels } ?? false
    guard !isRepeated, Set(labels.map(\.name)).count == labels.count else { throw Problem(description: "said twice") }
    families[current]?.samples.append(sample)
  }

  private static func labels(_ rest: inout Substring) throws -> [Label] {
    var labels: [Label] = []
    repeat {
      rest.removeFirst()
      let name = String(rest.prefix { $0 != "=" })
      rest = rest.dropFirst(name.count)
      guard isName(name), rest.hasPrefix("=\"") else { throw Problem(description: "no label") }
      rest = rest.dropFirst(2)
      var value = ""
      while let character = rest.popFirst(), character != "\"" {
        guard character == "\\" else {
          value.append(character)
          continue
        }
        switch rest.popFirst() {
        case "\\": value.append("\\")
        case "\"": value.append("\"")
        case "n": value.append("\n")
        default: throw Problem(description: "an unknown escape")
        }
      }
      labels.append(Label(name: name, value: value))
    } while rest.first == ","
    guard rest.popFirst() == "}" else { throw Problem(description: "labels without an end") }
    return labels
  }

  private func checkHistogram(_ name: String, _ family: Family) throws {
    var series: [[String]: [Sample]] = [:]
    for sample in family.samples { series[sample.labels.filter { $0.name != "le" }.map { "\($0)" }, default: []].append(sample) }
    for samples in series.values {
      let buckets = samples.filter { $0.name == name + "_bucket" }
      let bounds = buckets.compactMap { $0.labels.last { $0.name == "le" }.flatMap { Double($0.value.replacing("+Inf", with: "inf")) } }
      let counts = buckets.map(\.value)
      guard bounds.count == buckets.count, bounds.last == .infinity, Set(bounds).count == bounds.count, bounds == bounds.sorted(),
        counts == counts.sorted(), samples.suffix(2).map(\.name) == [name + "_sum", name + "_count"], samples.last?.value == counts.last
      else { throw Problem(description: "\(name) is no histogram") }
    }
  }

  private static func base(of name: String) -> String {
    ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
      && !(name.utf8.first.map { (0x30...0x39).contains($0) } ?? true)
  }
}
