import ControlProtocol
import Hummingbird
import NIOCore
import ProgressModel

extension Request {
  /// The fields of the JSON object in the body; no body is an empty object. Any name but those given is refused, with the nearest one.
  func fields<Value: Decodable>(_ type: Value.Type, allowing names: [String]) async throws -> Value {
    var bytes = [UInt8](buffer: try await body.collect(upTo: RefusalAnswers.longestBody))
    if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0d).contains($0) }) { bytes = Array("{}".utf8) }
    guard case .object(let members) = try parsed(bytes) else {
      throw ControlRefusal(.badRequest, "the body must be a JSON object, as in {\(names.first.map { "\"\($0)\": …" } ?? "")}")
    }
    for name in members.keys.sorted() where !names.contains(name) {
      let hint = names.nearest(to: name).map { "; did you mean \($0)?" } ?? ""
      throw ControlRefusal(.badRequest, "the body: unknown field \(JSONValue.string(name).summary)\(hint)")
    }
    do {
      return try ControlCoding.value(type, from: bytes)
    } catch let error as DecodingError {
      throw ControlRefusal(.badRequest, "the body: \(error.words)")
    }
  }

  private func parsed(_ bytes: [UInt8]) throws(ControlRefusal) -> JSONValue {
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw ControlRefusal(.badRequest, "the body is not JSON: \(error)")
    }
  }
}

extension DecodingError {
  /// Which field is wrong, and how.
  fileprivate var words: String {
    switch self {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(context.place) must be \(Self.name(of: type))"
    case .keyNotFound(let key, _): "\(key.stringValue) is missing"
    case .dataCorrupted(let context): "\(context.place): \(context.debugDescription)"
    @unknown default: "\(self)"
    }
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is Int64.Type, is Int.Type: "a whole number"
    default: "a list"
    }
  }
}

extension DecodingError.Context {
  fileprivate var place: String {
    codingPath.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined()
  }
}
