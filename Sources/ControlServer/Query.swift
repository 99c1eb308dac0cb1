import ControlProtocol
import Hummingbird
import ProgressModel

/// What follows the question mark, read by the names that a path knows; any other name is refused, because a typo would otherwise
/// widen what is asked for.
struct Query {
  private var values: [String: [String]] = [:]

  init(_ request: Request, allowing names: [String]) throws(ControlRefusal) {
    for (name, value) in request.uri.queryParameters {
      let name = String(name)
      guard names.contains(name) else {
        let hint = names.nearest(to: name).map { "; did you mean \($0)?" } ?? ""
        let known = names.isEmpty ? "it takes none" : "it takes \(names.joined(separator: ", "))"
        throw ControlRefusal(.badRequest, "\(request.uri.path): unknown parameter \(JSONValue.string(name).summary)\(hint) (\(known))")
      }
      values[name, default: []].append(String(value))
    }
  }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  /// The one value that may be given; nil when there is none.
  func one(_ name: String) throws(ControlRefusal) -> String? {
    let values = all(name)
    guard values.count < 2 else { throw ControlRefusal(.badRequest, "\(name) is given \(values.count) times: give it once") }
    return values.first
  }

  /// Each of the values, read by `parse`.
  func all<Value>(_ name: String, _ rule: String, parse: (String) -> Value?) throws(ControlRefusal) -> [Value] {
    var found: [Value] = []
    for text in all(name) {
      guard let value = parse(text) else {
        throw ControlRefusal(.badRequest, "\(name) must be \(rule), is \(JSONValue.string(text).summary)")
      }
      found.append(value)
    }
    return found
  }
}
