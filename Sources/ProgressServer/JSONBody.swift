import Hummingbird
import NIOCore
import ProgressModel

/// A request's whole body as JSON.
struct JSONBody {
  let value: JSONValue
  /// The bytes as they came: JSON, so UTF-8.
  let bytes: [UInt8]

  /// In bytes.
  static let maximumSize = 1_048_576

  /// Throws `Refusal` when the body is too large or no JSON.
  init(of request: Request) async throws {
    // A client that asks before it sends (`Expect: 100-continue`) is told at once.
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumSize { throw Refusal.tooLarge }
    do {
      bytes = Array(buffer: try await request.body.collect(upTo: Self.maximumSize))
    } catch is NIOTooManyBytesError {
      throw Refusal.tooLarge
    }
    do throws(JSONSyntaxError) {
      value = try JSONValue(parsing: bytes)
    } catch {
      let problem = RequestProblem(
        type: "json_invalid", place: [.string("body")], message: "JSON decode error: \(error)", input: .object([:]))
      throw Refusal.invalid([problem])
    }
  }
}
