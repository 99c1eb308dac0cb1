import ProgressModel
import Yams

/// What stands at one place of a source: a value for a key, or something that is none.
enum Finding {
  case setting(ConfigurationKey, RawValue, ConfigurationOrigin)
  case problem(String)
}

/// The text of a configuration file, taken apart in its order.
struct ConfigurationFile {
  private let name: String
  private(set) var findings: [Finding] = []

  /// - Parameter name: The path, as problems name it.
  init(text: String, name: String) {
    self.name = name
    do {
      if let root = try Yams.compose(yaml: text) { readSection(root, path: "") }
    } catch let error as YamlError {
      report(error.problem(in: text), line: error.line(in: text))
    } catch {
      report("not valid YAML: \(error)", line: nil)
    }
  }

  private mutating func readSection(_ node: Node, path: String) {
    // A section whose keys are all commented out is a null.
    if let scalar = node.scalar, ["", "~", "null"].contains(scalar.string) { return }
    guard let mapping = node.mapping else {
      let subject = path.isEmpty ? "the file" : "\(path):"
      return report("\(subject) must hold keys with values, is \(RawValue(node).shown)", line: node.mark?.line)
    }
    for (key, value) in mapping {
      if let name = key.scalar?.string {
        readMember(value, path: path.isEmpty ? name : "\(path).\(name)", line: key.mark?.line)
      } else {
        report("a key must be a name, is \(RawValue(key).shown)", line: key.mark?.line)
      }
    }
  }

  private mutating func readMember(_ value: Node, path: String, line: Int?) {
    if let key = ConfigurationKey.byPath[path] {
      findings.append(.setting(key, RawValue(value), .file(name, line: line ?? 0)))
    } else if ConfigurationKey.sections.contains(path) {
      readSection(value, path: path)
    } else {
      report(unknown(path, among: ConfigurationKey.all.map(\.path) + ConfigurationKey.sections), line: line)
    }
  }

  private mutating func report(_ problem: String, line: Int?) {
    findings.append(.problem("\(name):" + (line.map { "\($0):" } ?? "") + " \(problem)"))
  }
}

extension ConfigurationKey {
  /// The paths that hold keys: `api`, `spool`, …
  fileprivate static let sections = Set(all.compactMap { key in key.path.lastIndex(of: ".").map { String(key.path[..<$0]) } })
}

/// The problem of a name that is none of `names`, with the one that was probably meant.
func unknown(_ name: String, among names: some Collection<String>) -> String {
  let quoted = JSONValue.string(name).summary.dropFirst().dropLast()
  return "\(quoted): unknown key" + (names.nearest(to: name).map { "; did you mean \($0)?" } ?? "")
}

extension RawValue {
  fileprivate init(_ node: Node) {
    switch node {
    case .scalar(let scalar): self = .text(scalar.string)
    case .sequence(let sequence): self = .list(sequence.map(RawValue.init))
    case .mapping: self = .mapping
    case .alias: self = .text("")
    }
  }
}

extension YamlError {
  fileprivate func problem(in text: String) -> String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _), .reader(let problem, _, _, _):
      "not valid YAML: \(problem)"
    case .duplicatedKeysInMapping(let names, _):
      "\(names.sorted().joined(separator: ", ")): given more than once"
    default: "not valid YAML: \(self)"
    }
  }

  fileprivate func line(in text: String) -> Int? {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    case .reader(_, let offset?, _, _): 1 + text.prefix(offset).count(where: \.isNewline)
    default: nil
    }
  }
}
