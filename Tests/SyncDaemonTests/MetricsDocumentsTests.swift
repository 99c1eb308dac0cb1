import Foundation
import TestSupport
import Testing

@Suite("What is written about the metrics")
struct MetricsDocumentsTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What Prometheus adds to every sample.
  private static let targetLabels: Set = ["job", "instance"]

  private func text(_ name: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: "docs/\(name)"), encoding: .utf8)
  }

  @Test("lists each metric of the page, and no other, by its type, its labels and its meaning")
  func table() throws {
    let page = try MeasuredMachine().page()
    let rows = page.families.map { name, family in
      "| `\(name)` | \(family.type) | \(family.labels.sorted().map { "`\($0)`" }.joined(separator: ", ")) | \(family.help) | "
    }
    let lines = try text("METRICS.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
    for line in lines { #expect(rows.count { line.hasPrefix($0) } == 1, "\(line)") }
    for row in rows { #expect(lines.count { $0.hasPrefix(row) && $0.count > row.count + 3 } == 1, "\(row)") }
  }

  @Test("draws metrics that exist, by labels that they have, and says of each panel what to do")
  func dashboard() throws {
    let page = try MeasuredMachine().page()
    let json = try JSONSerialization.jsonObject(with: Data(try text("grafana-dashboard.json").utf8))
    let dashboard = try #require(json as? [String: Any])
    let panels = try #require(dashboard["panels"] as? [[String: Any]])
    #expect(
      panels.filter { $0["type"] as? String == "row" }.compactMap { $0["title"] as? String } == [
        "Queue", "API", "Latency", "Disk", "Daemon",
      ])
    #expect(Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
    var drawn: Set<String> = []
    for panel in panels where panel["type"] as? String != "row" {
      let title = try #require(panel["title"] as? String)
      #expect(try #require(panel["description"] as? String).count > 20, "\(title)")
      for target in try #require(panel["targets"] as? [[String: Any]]) {
        #expect((target["datasource"] as? [String: String])?["uid"] == "${datasource}")
        drawn.formUnion(try check(try #require(target["expr"] as? String), page))
      }
    }
    let left = Set(page.families.keys).subtracting(drawn)
    #expect(left == ["process_start_time_seconds", "process_virtual_memory_bytes"], "what is not drawn")
  }

  @Test("warns of metrics that exist, by labels that they have, and says of each alert what to do")
  func alerts() throws {
    let page = try MeasuredMachine().page()
    let rules = try text("alerts.yaml").split(separator: "- alert:").dropFirst()
    #expect(rules.count > 10)
    for rule in rules {
      let expression = try #require(rule.firstMatch(of: /expr:(?s)(.*?)\n +(for|labels):/)).1
      let named = try check(String(expression), page)
      #expect(!named.isEmpty || expression.contains("up{"), "\(expression)")
      #expect(rule.contains("summary:") && rule.contains("action:"), "\(rule)")
    }
  }

  /// The metrics that a PromQL expression names; each of them, and each of its labels, has to be on the page.
  private func check(_ expression: String, _ page: ExpositionPage) throws -> Set<String> {
    var named: Set<String> = []
    var labels = Self.targetLabels.union(["le"])
    for match in expression.matches(of: /\b((?:progress_sync|process)_[a-z_]+)(?:\{([^}]*)\})?/) {
      let name = String(match.1)
      let family = page.families[name] == nil ? name.replacing(/_(bucket|sum|count)$/, with: "") : name
      let found = try #require(page.families[family], "\(name) in \(expression)")
      #expect((found.type == "histogram") == (family != name), "\(name)")
      named.insert(family)
      labels.formUnion(found.labels)
      for matcher in (match.2 ?? "").matches(of: /([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"/) where !Self.targetLabels.contains(String(matcher.1)) {
        let values = found.samples.flatMap(\.labels).filter { $0.name == matcher.1 }.map(\.value)
        for value in matcher.2.split(separator: "|") { #expect(values.contains(String(value)), "\(matcher.0) of \(name)") }
      }
    }
    for grouping in expression.matches(of: /\b(?:by|on|without) \(([^)]*)\)/) {
      for label in grouping.1.split(separator: ", ") { #expect(labels.contains(String(label)), "\(label) in \(expression)") }
    }
    return named
  }
}
